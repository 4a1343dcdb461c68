/**
 * All commands of greyctl by name, in the order of --help, for the help, the manual and the completion.
 */
import type { Command } from './command.ts';
import { LOADERS } from './loaders.ts';

export const COMMANDS: ReadonlyMap<string, Command> = new Map(
  await Promise.all([...LOADERS].map(async ([name, { load }]) => [name, await load()] as const)),
);
