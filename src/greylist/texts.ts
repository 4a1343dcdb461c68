/**
 * The texts that leave greyd: what a deferred client is told, and the header of a delayed mail.
 *
 *   greylist text   %s seconds missing   %r domain of the recipient
 *   header          %t seconds delayed   %v version   %h host name   %d date
 */

/**
 * Fills in the text for a deferred client.
 * @param missing seconds until a retry passes
 */
export function greylistText(template: string, missing: number, recipient: string): string {
  const domain = recipient.slice(recipient.lastIndexOf('@') + 1);
  return fill(template, { s: String(missing), r: domain });
}

/**
 * Puts the enhanced status code (RFC 3463) that Postfix wants before a template that has none; one
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
  now: number,
): string {
  return fill(template, { t: String(delayed), v: version, h: host, d: localDate(now) });
}

/** Replaces each `%letter` that stands in `values`; other uses of `%` stay. */
function fill(template: string, values: Readonly<Record<string, string>>): string {
  return template.replace(/%([a-z])/g, (code, letter: string) => values[letter] ?? code);
}

/** Each of these locales knows the zone names of other parts of the world; elsewhere it says GMT+N. */
const ZONE_FORMATS = ['en-US', 'en-GB', 'en-AU', 'en-IN'].map(
  (locale) => new Intl.DateTimeFormat(locale, { timeZoneName: 'short' }),
);

/** Local date as `Mon, 23 Nov 2026 20:44:09 UTC`. `now` is Unix seconds. */
function localDate(now: number): string {
  const date = new Date(now * 1000);
  // Date's own text, of fixed form in every locale: Mon Nov 23 2026 20:44:09 GMT+0000 (...)
  const [weekday, month, day, year, time] = date.toString().split(' ');
  return `${weekday}, ${day} ${month} ${year} ${time} ${zoneName(date)}`;
}

function zoneName(date: Date): string {
  const names = ZONE_FORMATS.map(
    (format) => format.formatToParts(date).find(({ type }) => type === 'timeZoneName')?.value ?? '',
  );
  return names.find((name) => !/^GMT[+-]/.test(name)) ?? names[0] ?? '';
}
