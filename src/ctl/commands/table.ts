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
  ['explain', { hasLowPriority: true, load: async () => (await import('./explain.ts')).explainCommand }],
  ['pass', { hasLowPriority: false, load: async () => (await import('./pass.ts')).passCommand }],
  ['forget', { hasLowPriority: false, load: async () => (await import('./forget.ts')).forgetCommand }],
  ['show', { hasLowPriority: true, load: async () => (await import('./show.ts')).showCommand }],
  ['list', { hasLowPriority: true, load: async () => (await import('./list.ts')).listCommand }],
  ['search', { hasLowPriority: true, load: async () => (await import('./search.ts')).searchCommand }],
  ['stats', { hasLowPriority: true, load: async () => (await import('./stats.ts')).statsCommand }],
  ['top', { hasLowPriority: true, load: async () => (await import('./top.ts')).topCommand }],
  ['query', { hasLowPriority: false, load: async () => (await import('./query.ts')).queryCommand }],
  ['report', { hasLowPriority: true, load: async () => (await import('./report.ts')).reportCommand }],
  ['migrate', { hasLowPriority: false, load: async () => (await import('./migrate.ts')).migrateCommand }],
  ['import', { hasLowPriority: false, load: async () => (await import('./import.ts')).importCommand }],
  ['export', { hasLowPriority: true, load: async () => (await import('./export.ts')).exportCommand }],
  ['copy', { hasLowPriority: false, load: async () => (await import('./copy.ts')).copyCommand }],
  ['backup', { hasLowPriority: true, load: async () => (await import('./backup.ts')).backupCommand }],
  ['check', { hasLowPriority: true, load: async () => (await import('./check.ts')).checkCommand }],
]);

/** Loads all commands, for the help, the manual and the completion. */
export async function allCommands(): Promise<ReadonlyMap<string, Command>> {
  return new Map(
    await Promise.all([...LOADERS].map(async ([name, { load }]) => [name, await load()] as const)),
  );
}
