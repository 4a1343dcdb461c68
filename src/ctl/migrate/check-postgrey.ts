/**
 * Whether the postgrey that was started again answers.
 */
import { askOn, NOBODY, persist } from './asking.ts';
import { namesOf, type Socket } from './sockets.ts';

/** Debian's postgrey has postmaster@ on its whitelist of recipients: it keeps no record of this. */
const WITHOUT_TRACE = { ...NOBODY, recipient: 'postmaster@localhost' };

/** How long it may take until it listens. */
const START_LIMIT_MS = 10_000;

/**
 * Asks it until it answers. Of a port alone it may have one address of two.
 * @returns where it answers
 * @throws (rejects) if it does not
 */
export async function checkPostgrey(sockets: readonly Socket[]): Promise<string> {
  const answering = () =>
    Promise.any(sockets.map((socket) => askOn(socket, WITHOUT_TRACE).then(() => socket.name)));
  try {
    return await persist(START_LIMIT_MS, answering);
  } catch {
    throw new Error(`nobody answers on ${namesOf(sockets)}`);
  }
}
