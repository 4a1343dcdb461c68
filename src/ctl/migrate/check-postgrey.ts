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
 * Asks it until it answers; it listens on all its sockets then. Of a port alone it may have one address of two.
 * @returns those on which it answers
 * @throws (rejects) if there are none
 */
export async function checkPostgrey(sockets: readonly Socket[]): Promise<Socket[]> {
  const answers = () => sockets.map((socket) => askOn(socket, WITHOUT_TRACE));
  try {
    await persist(START_LIMIT_MS, () => Promise.any(answers()));
  } catch {
    throw new Error(`nobody answers on ${namesOf(sockets)}`);
  }
  const results = await Promise.allSettled(answers());
  return sockets.filter((_, index) => results[index]?.status === 'fulfilled');
}
