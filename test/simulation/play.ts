/**
 * Plays the mails of a world to a rule: each mail is tried, by the platform's schedule and from its hosts, until it passes
 * or is given up.
 */
import { Agenda } from './agenda.ts';
import type { Host } from './hosts.ts';
import type { Mail, Outgoing } from './mail.ts';
import { type Random, streamOf } from './random.ts';
import type { Rule } from './rule.ts';

export interface Outcome {
  readonly mail: Mail;
  readonly attempts: number;
  /** Seconds from the first attempt until it passed; undefined: given up. */
  readonly delay: number | undefined;
}

/** A mail in its sender's queue. */
interface Queued {
  readonly mail: Mail;
  readonly random: Random;
  readonly retries: Iterator<number, void>;
  host: Host;
  attempts: number;
}

/** Streams of attempts lie beyond those of the mails themselves. */
const ATTEMPTS = 0x4000_0000;

/** @param seed of the mails' own streams */
export async function play(mails: readonly Mail[], rule: Rule, seed: number): Promise<Outcome[]> {
  const agenda = new Agenda<Queued | Outgoing>();
  for (const mail of mails) {
    const random = streamOf(seed, ATTEMPTS + mail.message);
    const retries = mail.schedule(random);
    if (mail.answers !== undefined) agenda.add(mail.answers.at, mail.answers);
    agenda.add(mail.at, { mail, random, retries, host: mail.route.first(random), attempts: 0 });
  }
  const outcomes: Outcome[] = [];
  for (let next = agenda.next(); next !== undefined; next = agenda.next()) {
    const { at, what } = next;
    if (!('mail' in what)) {
      await rule.sent(what, at);
      continue;
    }
    const { mail, host, random } = what;
    what.attempts += 1;
    const { sender, recipient, message, spfPass } = mail;
    const attempt = {
      clientName: host.name,
      clientAddress: host.address,
      sender,
      recipient,
      message,
      spfPass,
    };
    if ((await rule.ask(attempt, at)) === 'pass') {
      outcomes.push({ mail, attempts: what.attempts, delay: at - mail.at });
      continue;
    }
    const retry = what.retries.next();
    if (retry.done) {
      outcomes.push({ mail, attempts: what.attempts, delay: undefined });
      continue;
    }
    what.host = mail.route.next(host, random);
    agenda.add(mail.at + retry.value, what);
  }
  return outcomes;
}
