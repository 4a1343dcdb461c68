/**
 * All mail of a world, and all that our own users send, in order of time.
 */
import { DAY } from '../../src/time/units.ts';
import { Correspondents } from './good-mail.ts';
import type { Mail } from './mail.ts';
import { pick, streamOf, word } from './random.ts';
import { Spammers } from './spam.ts';
import type { World } from './world.ts';

/** Unix seconds: the first second of the year 2100, so that no cleaner finds a record of the simulation old. */
export const BEGIN = 4_102_444_800;

/** Streams that belong to no mail: what changes in spam changes nothing in good mail. */
const [TIMES, GOOD, SPAM] = [-1, -2, -3];

/** Returns the mails of a world, each with a number of its own. */
export function mailsOf(world: World): Mail[] {
  const { seed, days, goodPerDay, spamPerDay } = world;
  const [times, good, bad] = [streamOf(seed, TIMES), streamOf(seed, GOOD), streamOf(seed, SPAM)];
  const recipients = Array.from({ length: world.recipients }, () => `${word(3, times)}@ours.example`);
  const correspondents = new Correspondents(world, recipients, good);
  const spammers = new Spammers(world, bad, (random) => correspondents.ofAnyPerson(random));

  const moments: { at: number; isGood: boolean }[] = [];
  for (let n = 0; n < days * (goodPerDay + spamPerDay * world.recipients); n += 1)
    moments.push({ at: BEGIN + Math.floor(times() * days * DAY), isGood: n < days * goodPerDay });
  moments.sort((a, b) => a.at - b.at);
  return moments.map(({ at, isGood }, message) => {
    const random = streamOf(seed, message);
    if (isGood) return correspondents.mail(message, at, BEGIN, random);
    return spammers.mail(message, at, pick(recipients, random), random);
  });
}
