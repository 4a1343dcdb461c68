/**
 * The local time zone from Node.js's own data, used until another one is set,
 * and on a host without the tz database.
 *
 * Known limit: Node.js has no names for some zones, which then appear as GMT+N.
 */
import type { Zone } from './zone.ts';

export const NODE_ZONE: Zone = {
  at: (seconds) => {
    const date = new Date(seconds * 1000);
    return { offset: date.getTimezoneOffset() * -60, name: zoneName(date) };
  },
};

/** Each of these locales knows the zone names of other parts of the world; elsewhere Node.js says GMT+N. */
const LOCALES = ['en-US', 'en-GB', 'en-AU', 'en-IN'];
/** Created on first use, which takes a while. */
let formats: readonly Intl.DateTimeFormat[] | undefined;

function zoneName(date: Date): string {
  formats ??= LOCALES.map((locale) => new Intl.DateTimeFormat(locale, { timeZoneName: 'short' }));
  const names = formats.map(
    (format) => format.formatToParts(date).find(({ type }) => type === 'timeZoneName')?.value ?? '',
  );
  return names.find((name) => !/^GMT[+-]/.test(name)) ?? names[0] ?? '';
}
