/**
 * Whether greyd answers in postgrey's place, and as its records have it.
 *
 *   a triplet that nobody has   is put off on each socket; then it is forgotten
 *   a triplet that has passed   passes: the one that was seen last, whose record changes least or not at all
 *
 * Where greyd cannot use its database all mail passes, so that the first is asked once more behind the second; and
 * a disk may stand still for a moment, so that it is asked for a while. Both come with the client name
 * greyctl-migrate, by which they are known in mail.log.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { errorText } from '../../log/error-text.ts';
import { ask } from '../ask.ts';
import { policyText } from '../policy-text.ts';
import { run } from './programs.ts';
import { namesOf, type Socket } from './sockets.ts';

type Greyctl = readonly [string, ...string[]];

const CLIENT_NAME = 'greyctl-migrate';
/** TEST-NET-1 (RFC 5737): no mail comes from there. */
const NOBODY = {
  client_address: '192.0.2.1',
  sender: `${CLIENT_NAME}@localhost`,
  recipient: `${CLIENT_NAME}@localhost`,
} as const;
/** Debian's postgrey has postmaster@ on its whitelist of recipients: it keeps no record of this. */
const WITHOUT_TRACE = { ...NOBODY, recipient: 'postmaster@localhost' };

const ANSWER_LIMIT_MS = 10_000;
/** How long greyd may be without its database, ... */
const WORK_LIMIT_MS = 5000;
/** ... and a postgrey that was just started not listen yet. */
const START_LIMIT_MS = 10_000;
const RETRY_PAUSE_MS = 200;

/** What is to be asked, and how. */
export interface Check {
  readonly sockets: readonly Socket[];
  /** --greylist-action: what mail that is put off is answered with. */
  readonly greylistAction: string;
  /** With --privacy nobody knows what has passed. */
  readonly hasPrivacy: boolean;
  readonly greyctl: Greyctl;
}

/**
 * @returns what was found
 * @throws (rejects) if greyd does not answer as it should
 */
export async function checkGreyd(check: Check): Promise<string[]> {
  const { sockets, hasPrivacy, greyctl } = check;
  try {
    for (const socket of sockets) await untilPutOff(socket, check, async () => {});
    return [`it answers on ${namesOf(sockets)}`, ...(hasPrivacy ? [] : await checkRecord(check))];
  } finally {
    await run([...greyctl, 'forget', ...wordsOf(NOBODY)]);
  }
}

async function checkRecord(check: Check): Promise<string[]> {
  const { sockets, greylistAction, greyctl } = check;
  const list = [...greyctl, 'list', '--json', '--state=passed', '--order=newest', '--limit=1'] as const;
  const { stdout } = await run(list);
  const [socket] = sockets;
  if (socket === undefined || stdout === '') return ['no mail has passed yet by the records'];
  const record = JSON.parse(stdout) as { client_network: string; sender: string; recipient: string };
  const { client_network: client_address, sender, recipient } = record;
  const text = `${client_address} ${sender || '<>'} -> ${recipient}`;
  await untilPutOff(socket, check, async () => {
    const answer = await askOn(socket, { client_address, sender, recipient });
    if (answer.startsWith(greylistAction)) throw new Error(`greyd puts off what has passed before: ${text}`);
  });
  return [`what has passed before passes: ${text}`];
}

/** Asks about what nobody has, each time after `before`, until it is put off. */
async function untilPutOff(
  socket: Socket,
  { greylistAction, greyctl }: Check,
  before: () => Promise<void>,
): Promise<void> {
  for (let waited = 0; ; waited += RETRY_PAUSE_MS) {
    await before();
    const answer = await askOn(socket, NOBODY);
    if (answer.startsWith(greylistAction) || !(await isToBePutOff(greyctl))) return;
    if (waited >= WORK_LIMIT_MS)
      throw new Error(`greyd on ${socket.name} lets pass what is to be put off: ${answer}`);
    await pause(RETRY_PAUSE_MS);
  }
}

/**
 * Asks the postgrey that was started again, until it answers. Of a port alone it may have one address of two.
 * @returns where it answers
 * @throws (rejects) if it does not
 */
export async function checkPostgrey(sockets: readonly Socket[]): Promise<string> {
  for (let waited = 0; ; waited += RETRY_PAUSE_MS) {
    const attempts = sockets.map((socket) => askOn(socket, WITHOUT_TRACE).then(() => socket.name));
    const results = await Promise.allSettled(attempts);
    const answered = results.find((result) => result.status === 'fulfilled');
    if (answered !== undefined) return answered.value;
    if (waited >= START_LIMIT_MS) throw new Error(`nobody answers on ${namesOf(sockets)}`);
    await pause(RETRY_PAUSE_MS);
  }
}

async function askOn(
  { name, target }: Socket,
  attributes: Readonly<Record<string, string>>,
): Promise<string> {
  const request = policyText(new Map([['client_name', CLIENT_NAME], ...Object.entries(attributes)]));
  try {
    return await ask(target, request, ANSWER_LIMIT_MS);
  } catch (error) {
    throw new Error(`${name}: ${errorText(error)}`);
  }
}

/** By greyd's own decision over its records and whitelists, which may have everybody on them. */
async function isToBePutOff(greyctl: Greyctl): Promise<boolean> {
  const text = await run([...greyctl, 'explain', '--json', `client_name=${CLIENT_NAME}`, ...wordsOf(NOBODY)]);
  const { action } = JSON.parse(text.stdout || '{}') as { action?: string };
  return action === 'greylist';
}

function wordsOf(attributes: Readonly<Record<string, string>>): string[] {
  return Object.entries(attributes).map(([name, value]) => `${name}=${value}`);
}
