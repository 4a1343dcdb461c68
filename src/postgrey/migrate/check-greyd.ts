/**
 * Probes greyd on the sockets of postgrey: it must answer as its records require.
 *
 *   a triplet that no mail has  is deferred; it is forgotten at the end
 *   a triplet that has passed   passes: the one last seen, whose record changes least or not at all
 *
 * Both are sent on each socket, in this order: if greyd cannot use its database all mail passes, which the first
 * shows. That one is repeated for a while, because a disk may stall for a moment. The second is sent once: with a
 * short --delay a known triplet that is deferred would pass at a retry, a false success.
 */
import { askOn, CLIENT_NAME, NOBODY, persist } from './probe.ts';
import { type Argv, run } from './programs.ts';
import { namesOf, type Socket } from './sockets.ts';

/** Time that greyd may take to use its database. */
const WORK_LIMIT_MS = 5000;

/** The sockets to probe, and how. */
export interface Check {
  readonly sockets: readonly Socket[];
  /** --greylist-action: the answer for deferred mail. */
  readonly greylistAction: string;
  /** With --privacy no triplet that has passed can be read. */
  readonly hasPrivacy: boolean;
  readonly greyctl: Argv;
}

/**
 * @returns the results, for the administrator
 * @throws (rejects) if greyd does not answer, or answers wrongly
 */
export async function checkGreyd(check: Check): Promise<string[]> {
  const { sockets, hasPrivacy, greyctl } = check;
  const record = hasPrivacy ? undefined : await lastPassed(greyctl);
  try {
    for (const socket of sockets) {
      await persist(WORK_LIMIT_MS, () => requireDeferred(socket, check));
      if (record !== undefined) await requirePassed(socket, record, check);
    }
  } finally {
    await run([...greyctl, 'forget', ...wordsOf(NOBODY)]);
  }
  return [`greyd answers on ${namesOf(sockets)}`, ...(hasPrivacy ? [] : [recordFinding(record)])];
}

interface Passed {
  readonly client_network: string;
  readonly sender: string;
  readonly recipient: string;
}

/** @returns undefined if no mail has passed yet */
async function lastPassed(greyctl: Argv): Promise<Passed | undefined> {
  // Records from a time when the clock was ahead start again, in postgrey too.
  const words = ['--json', '--state=passed', '--order=newest', '--limit=1', '--older=0s'];
  const list = [...greyctl, 'list', ...words] as const;
  const { stdout } = await run(list);
  return stdout === '' ? undefined : (JSON.parse(stdout) as Passed);
}

async function requirePassed(socket: Socket, record: Passed, { greylistAction }: Check): Promise<void> {
  const { client_network: client_address, sender, recipient } = record;
  const answer = await askOn(socket, { client_address, sender, recipient });
  if (!answer.startsWith(greylistAction)) return;
  throw new Error(`greyd defers mail that has passed before: ${mailText(record)}`);
}

async function requireDeferred(socket: Socket, { greylistAction, greyctl }: Check): Promise<void> {
  const answer = await askOn(socket, NOBODY);
  if (answer.startsWith(greylistAction) || (await isToPass(greyctl))) return;
  throw new Error(`greyd on ${socket.name} does not defer a new mail: ${answer}`);
}

/** Tells whether the records and whitelists have the mail pass: a whitelist may match every client. */
async function isToPass(greyctl: Argv): Promise<boolean> {
  const { status } = await run([...greyctl, 'explain', `client_name=${CLIENT_NAME}`, ...wordsOf(NOBODY)]);
  return status === 0;
}

function recordFinding(record: Passed | undefined): string {
  return record === undefined
    ? 'no mail in the records has passed yet'
    : `mail that has passed before passes: ${mailText(record)}`;
}

function mailText({ client_network, sender, recipient }: Passed): string {
  return `${client_network} ${sender || '<>'} -> ${recipient}`;
}

function wordsOf(attributes: Readonly<Record<string, string>>): string[] {
  return Object.entries(attributes).map(([name, value]) => `${name}=${value}`);
}
