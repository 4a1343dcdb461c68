/**
 * Envelope senders as platforms write them: a person's address is the same for all mail, a delivery service writes a
 * new one for each message, or the recipient into it.
 */

import type { UnixSeconds } from '../../src/time/clock.ts';
import { DAY } from '../../src/time/units.ts';
import { digits, type Random } from './random.ts';

/** What an envelope sender is made of. */
export interface Envelope {
  /** The address of the person, or of the customer of a delivery service. */
  readonly from: string;
  readonly recipient: string;
  readonly at: UnixSeconds;
}

/** @param random the stream of the message */
export type SenderForm = (envelope: Envelope, random: Random) => string;

const domainOf = (address: string) => address.slice(address.indexOf('@') + 1);
const verp = (recipient: string) => recipient.replace('@', '=');
const hex = (count: number, random: Random) => digits(count, random, 16);

export const SENDER_FORMS = {
  person: ({ from }) => from,
  /** Amazon SES: unique, at its own domain unless the customer has set one. */
  ses: (_, random) => `0102018f${hex(8, random)}-${uuid(random)}-000000@eu-west-1.amazonses.com`,
  /** SendGrid: number of the customer, and the recipient behind a `+`-less hyphen. */
  sendgrid: ({ from, recipient }) =>
    `bounces+${customerNumber(from)}-${customerTag(from)}-${verp(recipient)}@em${customerTag(from)}.${domainOf(from)}`,
  mailgun: ({ from, recipient }, random) =>
    `bounce+${hex(6, random)}.${hex(6, random)}-${verp(recipient)}@mg.${domainOf(from)}`,
  mandrill: ({ from, at }, random) =>
    `bounce-md_${customerNumber(from)}.${Math.floor(at).toString(16)}.v1-${hex(32, random)}@mail.${domainOf(from)}`,
  /** Momentum with a BATV of its own, which changes each day. */
  momentum: ({ from, at }) =>
    `msprvs1=${(Math.floor(at / DAY) % 100_000).toString().padStart(5, '0')}${customerTag(from)}=bounces-${customerNumber(from)}@bounces.${domainOf(from)}`,
  /** Numbers of the list and of the message, as many services have them. */
  numbered: ({ from }, random) =>
    `bounce-${customerNumber(from)}-${digits(7, random)}@news.${domainOf(from)}`,
} satisfies Record<string, SenderForm>;

/** A number of six digits that belongs to a customer. */
function customerNumber(from: string): number {
  let number = 7;
  for (const letter of from) number = (number * 31 + letter.charCodeAt(0)) % 900_000;
  return 100_000 + number;
}

function customerTag(from: string): string {
  return (customerNumber(from) % 46_656).toString(16).padStart(4, '0');
}

function uuid(random: Random): string {
  return [8, 4, 4, 4, 12].map((length) => hex(length, random)).join('-');
}
