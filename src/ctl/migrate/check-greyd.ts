/**
 * Whether greyd answers in postgrey's place, and as its records have it.
 *
 *   a triplet that nobody has   is put off on each socket; then it is forgotten
 *   a triplet that has passed   passes: the one that was seen last, whose record changes least or not at all
 *
 * Where greyd cannot use its database all mail passes, so that the first is asked once more behind the second; and
 * a disk may stand still for a moment, so that both are asked for a while.
 */
import { askOn, CLIENT_NAME, NOBODY, persist } from './asking.ts';
import { type Command, run, succeed } from './programs.ts';
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
  readonly greyctl: Command;
}

/**
 * @returns what was found
 * @throws (rejects) if greyd does not answer as it should
 */
export async function checkGreyd(check: Check): Promise<string[]> {
  const { sockets, hasPrivacy, greyctl } = check;
  try {
    for (const socket of sockets) await persist(WORK_LIMIT_MS, () => requirePutOff(socket, check));
    return [`it answers on ${namesOf(sockets)}`, ...(hasPrivacy ? [] : await checkRecord(check))];
  } finally {
    await run([...greyctl, 'forget', ...wordsOf(NOBODY)]);
  }
}

async function checkRecord(check: Check): Promise<string[]> {
  const { sockets, greylistAction, greyctl } = check;
  const list = [...greyctl, 'list', '--json', '--state=passed', '--order=newest', '--limit=1'] as const;
  const text = await succeed(list);
  const [socket] = sockets;
  if (socket === undefined || text === '') return ['no mail has passed yet by the records'];
  const record = JSON.parse(text) as { client_network: string; sender: string; recipient: string };
  const { client_network: client_address, sender, recipient } = record;
  const mail = `${client_address} ${sender || '<>'} -> ${recipient}`;
  await persist(WORK_LIMIT_MS, async () => {
    const answer = await askOn(socket, { client_address, sender, recipient });
    if (answer.startsWith(greylistAction)) throw new Error(`greyd puts off what has passed before: ${mail}`);
    await requirePutOff(socket, check);
  });
  return [`what has passed before passes: ${mail}`];
}

async function requirePutOff(socket: Socket, { greylistAction, greyctl }: Check): Promise<void> {
  const answer = await askOn(socket, NOBODY);
  if (answer.startsWith(greylistAction) || (await isToPass(greyctl))) return;
  throw new Error(`greyd on ${socket.name} lets pass what is to be put off: ${answer}`);
}

/** By greyd's own decision over its records and whitelists, which may have everybody on them. */
async function isToPass(greyctl: Command): Promise<boolean> {
  const { status } = await run([...greyctl, 'explain', `client_name=${CLIENT_NAME}`, ...wordsOf(NOBODY)]);
  return status === 0;
}

function wordsOf(attributes: Readonly<Record<string, string>>): string[] {
  return Object.entries(attributes).map(([name, value]) => `${name}=${value}`);
}
