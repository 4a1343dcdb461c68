/**
 * Whether greyd answers in postgrey's place, and as its records have it.
 *
 *   a triplet that nobody has   is deferred; it is forgotten at the end
 *   a triplet that has passed   passes: the one that was seen last, whose record changes least or not at all
 *
 * Both are asked on each socket, in this order: where greyd cannot use its database all mail passes, which the first
 * shows. A disk may stand still for a moment, so that it is asked for a while. The second is asked once: a known
 * triplet that is deferred would pass at a retry if --delay is short, and claim a success that is none.
 */
import { askOn, CLIENT_NAME, NOBODY, persist } from './asking.ts';
import { type CommandLine, run } from './programs.ts';
import { namesOf, type Socket } from './sockets.ts';

/** How long greyd may be without its database. */
const WORK_LIMIT_MS = 5000;

/** What is to be asked, and how. */
export interface Check {
  readonly sockets: readonly Socket[];
  /** --greylist-action: what mail that is put off is answered with. */
  readonly greylistAction: string;
  /** With --privacy nobody knows what has passed. */
  readonly hasPrivacy: boolean;
  readonly greyctl: CommandLine;
}

/**
 * @returns what was found
 * @throws (rejects) if greyd does not answer as it should
 */
export async function checkGreyd(check: Check): Promise<string[]> {
  const { sockets, hasPrivacy, greyctl } = check;
  const record = hasPrivacy ? undefined : await lastPassed(greyctl);
  try {
    for (const socket of sockets) {
      await persist(WORK_LIMIT_MS, () => requirePutOff(socket, check));
      if (record !== undefined) await requirePassed(socket, record, check);
    }
  } finally {
    await run([...greyctl, 'forget', ...wordsOf(NOBODY)]);
  }
  return [`it answers on ${namesOf(sockets)}`, ...(hasPrivacy ? [] : [recordFinding(record)])];
}

interface Passed {
  readonly client_network: string;
  readonly sender: string;
  readonly recipient: string;
}

/** @returns undefined if no mail has passed yet */
async function lastPassed(greyctl: CommandLine): Promise<Passed | undefined> {
  // What was seen while the clock was ahead begins anew, in postgrey too.
  const words = ['--json', '--state=passed', '--order=newest', '--limit=1', '--older=0s'];
  const list = [...greyctl, 'list', ...words] as const;
  const { stdout } = await run(list);
  return stdout === '' ? undefined : (JSON.parse(stdout) as Passed);
}

async function requirePassed(socket: Socket, record: Passed, { greylistAction }: Check): Promise<void> {
  const { client_network: client_address, sender, recipient } = record;
  const answer = await askOn(socket, { client_address, sender, recipient });
  if (!answer.startsWith(greylistAction)) return;
  throw new Error(`greyd puts off what has passed before: ${mailText(record)}`);
}

async function requirePutOff(socket: Socket, { greylistAction, greyctl }: Check): Promise<void> {
  const answer = await askOn(socket, NOBODY);
  if (answer.startsWith(greylistAction) || (await isToPass(greyctl))) return;
  throw new Error(`greyd on ${socket.name} lets pass what is to be put off: ${answer}`);
}

/** By greyd's own decision over its records and whitelists, which may have everybody on them. */
async function isToPass(greyctl: CommandLine): Promise<boolean> {
  const { status } = await run([...greyctl, 'explain', `client_name=${CLIENT_NAME}`, ...wordsOf(NOBODY)]);
  return status === 0;
}

function recordFinding(record: Passed | undefined): string {
  return record === undefined
    ? 'no mail has passed yet by the records'
    : `what has passed before passes: ${mailText(record)}`;
}

function mailText({ client_network, sender, recipient }: Passed): string {
  return `${client_network} ${sender || '<>'} -> ${recipient}`;
}

function wordsOf(attributes: Readonly<Record<string, string>>): string[] {
  return Object.entries(attributes).map(([name, value]) => `${name}=${value}`);
}
