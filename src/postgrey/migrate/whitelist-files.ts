/**
 * Merges postgrey's whitelists into greyd's: the administrator's own additions, in whitelist_clients.local, and those
 * in whitelist_clients itself, found by comparison with the file that was shipped with the package.
 *
 * Files elsewhere that POSTGREY_OPTS names are not copied; greyd reads them in their place.
 */
import { existsSync, realpathSync } from 'node:fs';
import { isRoot } from '../../service/account.ts';
import { ClientList } from '../../whitelist/client-list.ts';
import { RecipientList } from '../../whitelist/recipient-list.ts';
import { readWhitelistFile } from '../../whitelist/whitelist-file.ts';
import type { GivenOption } from './given-options.ts';
import { listFiles, otherListFiles } from './greyd-options.ts';
import { GREYD, type ListPair } from './places.ts';
import { run } from './programs.ts';
import { readText } from './text-file.ts';
import { addition, type NewEntry, newEntries, patternsOf } from './whitelist-entries.ts';

/** A whitelist of greyd that gets more entries. */
export interface WhitelistChange {
  readonly path: string;
  /** The whole text of the file. */
  readonly text: string;
  /** Number of added entries. */
  readonly count: number;
}

export interface WhitelistChanges {
  readonly changes: readonly WhitelistChange[];
  readonly notes: readonly string[];
}

/** @throws (rejects) if a file cannot be read */
export async function whitelistChanges(
  options: readonly GivenOption[],
  lists: readonly ListPair[],
): Promise<WhitelistChanges> {
  const changes: WhitelistChange[] = [];
  const notes: string[] = [];
  for (const pair of lists) {
    const [list, local] = pair.ofGreyd;
    const before = fileText(local);
    let text = before;
    let count = 0;
    for (const file of listFiles(options, pair)) {
      if (!pair.ofPostgrey.includes(file) || !existsSync(file)) continue;
      const isLocal = file === pair.ofPostgrey[1];
      const shipped = existsSync(pair.pristine) ? fileText(pair.pristine) : fileText(list);
      const entries = newEntries(fileText(file), isLocal ? [text] : [shipped, text]);
      text += separator(text, entries) + addition(file, entries);
      count += entries.length;
      notes.push(...(await warnings(file, entries, pair)));
      if (!isLocal) notes.push(...takenOut(file, shipped, list));
    }
    if (text !== before) changes.push({ path: local, text, count });
  }
  return { changes, notes };
}

/**
 * Requires that greyd can read all its whitelists, its own and those elsewhere: otherwise it would greylist hosts that
 * they list.
 * @param isSandboxed greyd runs where it does not see all folders
 * @returns remarks on missing files
 * @throws (rejects) with a file that greyd cannot read
 */
export async function requireReadable(
  options: readonly GivenOption[],
  lists: readonly ListPair[],
  isSandboxed: boolean,
): Promise<string[]> {
  const others = lists.flatMap((pair) => otherListFiles(options, pair));
  const all = [...lists.flatMap(({ ofGreyd }) => ofGreyd), ...others];
  for (const file of all.filter((one) => existsSync(one))) await requireReadableFile(file, isSandboxed);
  return others.filter((file) => !existsSync(file)).map((file) => `${file}: no such whitelist`);
}

async function requireReadableFile(file: string, isSandboxed: boolean): Promise<void> {
  // A link counts by its target.
  const isHidden = isSandboxed && /^\/(home|root|run\/user|tmp|var\/tmp)\//.test(realpathSync(file));
  if (!isHidden && (await canRead(file))) return;
  const reason = isHidden ? 'cannot see this folder' : 'cannot read it';
  const isOwn = file.startsWith(`${GREYD.whitelists}/`);
  const remedy = isOwn
    ? 'make it a plain file there that all may read'
    : `move it to ${GREYD.whitelists}, readable by all, and change its path in POSTGREY_OPTS`;
  throw new Error(`${file}: greyd, as user ${GREYD.account}, ${reason}; ${remedy}`);
}

/** Tells whether greyd's account can read a file; only root can find out. */
async function canRead(file: string): Promise<boolean> {
  if (!isRoot()) return true;
  const as = ['setpriv', `--reuid=${GREYD.account}`, `--regid=${GREYD.account}`, '--init-groups'] as const;
  return (await run([...as, 'test', '-r', file])).status === 0;
}

function separator(text: string, entries: readonly NewEntry[]): string {
  if (text === '' || entries.length === 0) return '';
  return text.endsWith('\n') ? '\n' : '\n\n';
}

/** Returns warnings for entries that postgrey reads, and greyd does not. */
async function warnings(file: string, entries: readonly NewEntry[], { option }: ListPair): Promise<string[]> {
  const list = option === '--whitelist-clients' ? new ClientList() : new RecipientList();
  const numbers = new Set(entries.map(({ number }) => number));
  return readWhitelistFile(file, (line) => {
    if (numbers.has(line.number)) list.add(line);
  }).then((all) => all.filter((text) => numbers.has(entryLine(text, file))));
}

function entryLine(warning: string, file: string): number {
  return Number(/^ line (\d+):/.exec(warning.slice(file.length))?.[1]);
}

/** Notes the entries that the administrator has removed from postgrey's list, and greyd's list still has. */
function takenOut(file: string, shipped: string, list: string): string[] {
  const kept = patternsOf(fileText(file));
  const own = patternsOf(fileText(list));
  return [...patternsOf(shipped)]
    .filter((pattern) => !kept.has(pattern) && own.has(pattern))
    .map(
      (pattern) => `${pattern} was removed from ${file}, but is still in ${list}: remove it there as well`,
    );
}

function fileText(path: string): string {
  if (!existsSync(path)) return '';
  try {
    return readText(path);
  } catch (error) {
    throw new Error(`cannot read ${path} (${(error as NodeJS.ErrnoException).code})`);
  }
}
