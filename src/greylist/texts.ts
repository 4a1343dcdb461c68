/**
 * The texts that leave greyd: the reply to a deferred client, and the header of a delayed mail.
 *
 *   greylist text   %s seconds until a retry passes   %r domain of the recipient
 *   header          %t seconds delayed   %v version   %h host name   %d date
 */
import type { UnixSeconds } from '../time/clock.ts';
import { localTimeOf } from '../time/local-time.ts';

/**
 * Fills in the text for a deferred client.
 * @param retryAfter seconds until a retry passes
 */
export function greylistText(template: string, retryAfter: number, recipient: string): string {
  const domain = recipient.slice(recipient.lastIndexOf('@') + 1);
  return fill(template, { s: String(retryAfter), r: domain });
}

/**
 * Puts the enhanced status code (RFC 3463) that Postfix wants before a template without one; a template
 * that starts with a digit has its own.
 */
export function withStatusCode(template: string): string {
  return /^\d/.test(template) ? template : `4.2.0 ${template}`;
}

/** Fills in the header of a mail that passes after `delayed` seconds. `now` is Unix seconds. */
export function delayHeader(
  template: string,
  delayed: number,
  host: string,
  version: string,
  now: UnixSeconds,
): string {
  return fill(template, { t: String(delayed), v: version, h: host, d: localDate(now) });
}

/** Replaces each `%letter` in `values`; other uses of `%` stay. */
function fill(template: string, values: Readonly<Record<string, string>>): string {
  return template.replace(/%([a-z])/g, (code, letter: string) => values[letter] ?? code);
}

const WEEKDAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** Returns the local date as `Mon, 23 Nov 2026 20:44:09 UTC`. `now` is Unix seconds. */
function localDate(now: UnixSeconds): string {
  const { year, month, day, weekday, hour, minute, second, zone } = localTimeOf(now);
  const [date, ...time] = [day, hour, minute, second].map((part) => String(part).padStart(2, '0'));
  return `${WEEKDAYS[weekday]}, ${date} ${MONTHS[month - 1]} ${year} ${time.join(':')} ${zone}`;
}
