/**
 * Probes postgrey after it was started again.
 */
import { askOn, NOBODY, persist } from './probe.ts';
import { namesOf, type Socket } from './sockets.ts';

/** A request that leaves no record: Debian's postgrey has postmaster@ on its recipient whitelist. */
const WITHOUT_TRACE = { ...NOBODY, recipient: 'postmaster@localhost' };

/** Time that postgrey may take until it listens. */
const POSTGREY_START_LIMIT_MS = 10_000;

/**
 * Probes postgrey until it answers: then it listens on all its sockets. A port alone may stand for two addresses, of
 * which it has one.
 * @returns the sockets on which it answers
 * @throws (rejects) if there are none
 */
export async function checkPostgrey(sockets: readonly Socket[]): Promise<Socket[]> {
  const answers = () => sockets.map((socket) => askOn(socket, WITHOUT_TRACE));
  try {
    await persist(POSTGREY_START_LIMIT_MS, () => Promise.any(answers()));
  } catch {
    throw new Error(`no answer on ${namesOf(sockets)}`);
  }
  const results = await Promise.allSettled(answers());
  return sockets.filter((_, index) => results[index]?.status === 'fulfilled');
}
