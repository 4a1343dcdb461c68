/**
 * What a world assumes, in words and with its own numbers, to be read below the figures.
 */
import type { Figures } from './figures.ts';
import type { World } from './world.ts';

const WIDTH = 100;

export function worldInWords(world: World, { mails }: Figures): string {
  const { seed, days, warmUpDays, recipients, goodPerDay, spamPerDay } = world;
  return [
    `Seed ${seed}: ${recipients} recipients, ${goodPerDay} good mails a day, ${spamPerDay} spams each. ${days} days, the first ${warmUpDays} not counted.`,
    `Counted: ${count(mails.good)} good mails, among them ${count(mails.first)} first ones, ${count(mails.codes)} of these from services (codes);`,
    `${count(mails.spam)} spams.`,
  ].join('\n');
}

export function assumptionsOf(world: World): string {
  const { spam, botNames } = world;
  return [
    'Assumed, not measured; other sites have other shares. The order of the rules is more than their figures.',
    'First mail: the first one of a sender to a recipient. Delays are those of all first mail, delayed or not.',
    `Good mail from: ${platformShares(world)}.`,
    `Pools: ${part(world.confirmedPool)} of hosts have a confirmed name, ${part(world.confirmedSingle)} of single hosts; networks x ${world.poolScale}.`,
    `First contacts: ${part(world.firstContacts)} of mail; ${part(world.answers)} of those from people answer mail of ours.`,
    `Spam: never retries ${part(spam.never)}, within a minute ${part(spam.minute)}, from 5 to 10 minutes on ${part(spam.patient)}, snowshoe ${part(spam.snowshoe)}, compromised hosts ${part(spam.host)}, accounts ${part(spam.account)}.`,
    `Names of bots: none ${part(botNames.none)}, a line's ${part(botNames.line)}, plain ${part(botNames.plain)}, a mail host's ${part(botNames.mail)}.`,
    'postgrey: greyd without its list of clients; greyd: with it. All others are models after their documentation (spfgrey: spfgreylist of OpenSMTPD), with its defaults and without lists; rspamd would ask only about mail that looks suspicious to it.',
  ]
    .map(wrapped)
    .join('\n');
}

function platformShares({ platforms }: World): string {
  const all = platforms.reduce((sum, { share }) => sum + share, 0);
  return platforms.map(({ name, share }) => `${name} ${part(share / all)}`).join(', ');
}

function part(share: number): string {
  // A line does not break within it.
  return `${Number((100 * share).toFixed(1))}\u00a0%`;
}

function count(number: number): string {
  return number.toLocaleString('en-US');
}

function wrapped(text: string): string {
  const lines = [''];
  for (const word of text.split(' ')) {
    const longer = `${lines.at(-1)} ${word}`.trim();
    if (longer.length > WIDTH - 2) lines.push(word);
    else lines[lines.length - 1] = longer;
  }
  return lines.join('\n  ');
}
