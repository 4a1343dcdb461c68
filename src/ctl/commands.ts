/**
 * The commands of greyctl by their names, in the order of --help: all of them, for whoever tells of them.
 */
import type { Command } from './command.ts';
import { LOADERS } from './loaders.ts';

export const COMMANDS: ReadonlyMap<string, Command> = new Map(
  await Promise.all([...LOADERS].map(async ([name, { load }]) => [name, await load()] as const)),
);
