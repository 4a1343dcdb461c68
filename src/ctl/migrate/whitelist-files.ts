/**
 * What greyd's whitelists get of postgrey's: the administrator's own additions, in whitelist_clients.local, and what
 * he wrote into whitelist_clients itself, by comparison with the file that came with the package.
 *
 * Files elsewhere that POSTGREY_OPTS names are not copied; greyd reads them where they are.
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

/** A whitelist of greyd's that gets more entries. */
export interface WhitelistChange {
  readonly path: string;
  /** All that it is to hold. */
  readonly text: string;
  /** Entries that are added. */
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
    const before = textOf(local);
    let text = before;
    let count = 0;
    for (const file of listFiles(options, pair)) {
      if (!pair.ofPostgrey.includes(file) || !existsSync(file)) continue;
      const isLocal = file === pair.ofPostgrey[1];
      const shipped = existsSync(pair.pristine) ? textOf(pair.pristine) : textOf(list);
      const entries = newEntries(textOf(file), isLocal ? [text] : [shipped, text]);
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
 * What greyd reads must be readable for it: a list that is not would put its hosts off. Those are its own lists, which
 * get the entries, and files elsewhere.
 * @param isSandboxed whether greyd runs where it does not see all folders
 * @returns what is worth knowing
 * @throws (rejects) with one that is not
 */
export async function requireReadable(
  options: readonly GivenOption[],
  lists: readonly ListPair[],
  isSandboxed: boolean,
): Promise<string[]> {
  const others = lists.flatMap((pair) => otherListFiles(options, pair));
  const all = [...lists.flatMap(({ ofGreyd }) => ofGreyd), ...others];
  for (const file of all.filter((one) => existsSync(one))) await requireReadableFile(file, isSandboxed);
  return others.filter((file) => !existsSync(file)).map((file) => `${file}: there is no such whitelist`);
}

async function requireReadableFile(file: string, isSandboxed: boolean): Promise<void> {
  // By a link too.
  const isHidden = isSandboxed && /^\/(home|root|run\/user|tmp|var\/tmp)\//.test(realpathSync(file));
  if (!isHidden && (await canRead(file))) return;
  const reason = isHidden ? 'does not see this folder' : 'may not read it';
  const isOwn = file.startsWith(`${GREYD.whitelists}/`);
  const remedy = isOwn
    ? 'make it a file there that all may read'
    : `move it to ${GREYD.whitelists}, for all to read, and name it so in POSTGREY_OPTS`;
  throw new Error(`${file}: greyd, as user ${GREYD.account}, ${reason}; ${remedy}`);
}

/** Whether greyd's account can; only root finds that out. */
async function canRead(file: string): Promise<boolean> {
  if (!isRoot()) return true;
  const as = ['setpriv', `--reuid=${GREYD.account}`, `--regid=${GREYD.account}`, '--init-groups'] as const;
  return (await run([...as, 'test', '-r', file])).status === 0;
}

function separator(text: string, entries: readonly NewEntry[]): string {
  if (text === '' || entries.length === 0) return '';
  return text.endsWith('\n') ? '\n' : '\n\n';
}

/** Entries that postgrey takes, and greyd does not. */
async function warnings(file: string, entries: readonly NewEntry[], { option }: ListPair): Promise<string[]> {
  const list = option === '--whitelist-clients' ? new ClientList() : new RecipientList();
  const numbers = new Set(entries.map(({ number }) => number));
  return readWhitelistFile(file, (line) => {
    if (numbers.has(line.number)) list.add(line);
  }).then((all) => all.filter((text) => numbers.has(lineOf(text, file))));
}

function lineOf(warning: string, file: string): number {
  return Number(/^ line (\d+):/.exec(warning.slice(file.length))?.[1]);
}

/** Whom the administrator has taken off postgrey's list greyd goes on passing if it has him on its own. */
function takenOut(file: string, shipped: string, list: string): string[] {
  const kept = patternsOf(textOf(file));
  const own = patternsOf(textOf(list));
  return [...patternsOf(shipped)]
    .filter((pattern) => !kept.has(pattern) && own.has(pattern))
    .map(
      (pattern) => `${pattern} is not in ${file} any more, but stays in ${list}: take it out there as well`,
    );
}

function textOf(path: string): string {
  if (!existsSync(path)) return '';
  try {
    return readText(path);
  } catch (error) {
    throw new Error(`${path} cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}
