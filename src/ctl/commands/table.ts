/**
 * The commands of greyctl by name, in the order of --help. Only the command that runs is loaded: loading takes half
 * the time of a short command, and takes it from a busy greyd.
 */
import type { Command } from '../command.ts';

export interface Loader {
  /**
   * Runs at a lower priority than daemons. Not for a command that writes: while it held the lock of the database and
   * waited for the processor, all daemons would wait for it. Nor for one that measures how fast answers come.
   */
  readonly hasLowPriority: boolean;
  readonly load: () => Promise<Command>;
}

export const LOADERS: ReadonlyMap<string, Loader> = new Map([
  ['explain', { givesWay: true, load: async () => (await import('./explain.ts')).explainCommand }],
  ['pass', { givesWay: false, load: async () => (await import('./pass.ts')).passCommand }],
  ['forget', { givesWay: false, load: async () => (await import('./forget.ts')).forgetCommand }],
  ['show', { givesWay: true, load: async () => (await import('./show.ts')).showCommand }],
  ['list', { givesWay: true, load: async () => (await import('./list.ts')).listCommand }],
  ['search', { givesWay: true, load: async () => (await import('./search.ts')).searchCommand }],
  ['stats', { givesWay: true, load: async () => (await import('./stats.ts')).statsCommand }],
  ['top', { givesWay: true, load: async () => (await import('./top.ts')).topCommand }],
  ['query', { givesWay: false, load: async () => (await import('./query.ts')).queryCommand }],
  ['report', { givesWay: true, load: async () => (await import('./report.ts')).reportCommand }],
  ['migrate', { givesWay: false, load: async () => (await import('./migrate.ts')).migrateCommand }],
  ['import', { givesWay: false, load: async () => (await import('./import.ts')).importCommand }],
  ['export', { givesWay: true, load: async () => (await import('./export.ts')).exportCommand }],
  ['copy', { givesWay: false, load: async () => (await import('./copy.ts')).copyCommand }],
  ['backup', { givesWay: true, load: async () => (await import('./backup.ts')).backupCommand }],
  ['check', { givesWay: true, load: async () => (await import('./check.ts')).checkCommand }],
]);

/** Loads all commands, for the help, the manual and the completion. */
export async function allCommands(): Promise<ReadonlyMap<string, Command>> {
  return new Map(
    await Promise.all([...LOADERS].map(async ([name, { load }]) => [name, await load()] as const)),
  );
}
