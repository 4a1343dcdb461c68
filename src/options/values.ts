/**
 * Checks of option values: each turns the text of an option into its value, or throws with what to
 * write instead. That text follows `write ` in the message that the administrator sees.
 */
import { type Network, parseNetwork } from '../address/network-map.ts';
import { FACILITIES } from '../log/syslog.ts';
import { type InetEndpoint, parseInet } from '../server/endpoint.ts';
import { DAY, HOUR } from '../time/units.ts';

/** The number that --auto-whitelist-clients stands for without one. */
export const DEFAULT_AUTO_WHITELIST = 5;

/** Receives a warning. */
export type Warn = (text: string) => void;

/** @throws with what to write instead */
export interface ParseValue<Value = unknown> {
  (text: string, warn: Warn): Value;
  /** The list of all accepted values, if there is one, for shell completion. */
  readonly values?: readonly string[];
}

/** Reads a whole number from 0 on, in decimal digits, with or without a `+`. */
export function wholeNumber(text: string, what: string, max = Number.MAX_SAFE_INTEGER): number {
  const value = /^\+?\d+$/.test(text) ? Number(text) : Number.NaN;
  return value <= max ? value : fail(what);
}

/**
 * Reads a whole number. As in postgrey, 0 means the default; a warning says so, since an administrator
 * who writes 0 probably means something else.
 * @param unit what is counted, for the messages
 * @param fallbackText the default in words, where the number does not say it
 */
export function numberOr(
  name: string,
  fallback: number,
  { unit, max, fallbackText = `${fallback} ${unit}` }: { unit: string; max?: number; fallbackText?: string },
): ParseValue<number> {
  const limit = max === undefined ? '' : ` up to ${max}`;
  return (text, warn) => {
    const number = wholeNumber(text, `a whole number of ${unit}${limit}`, max);
    if (number > 0) return number;
    warn(`${name}=0 means the default, ${fallbackText}`);
    return fallback;
  };
}

/** Reads `2` days or `12h`; the result is in seconds. */
export function daysOrHours(text: string): number {
  const [, number, hours] = /^(\d{1,9})(h?)$/i.exec(text) ?? [];
  if (number === undefined) return fail('a number of days or hours, --retry-window=2 or --retry-window=12h');
  return Number(number) * (hours === '' ? DAY : HOUR);
}

/** Reads the permissions of a file in octal digits, up to 0777. */
export function octal(text: string): number {
  return /^0?[0-7]{3}$/.test(text) ? Number.parseInt(text, 8) : fail('an octal number, --socketmode=0660');
}

/** Reads `[HOST:]PORT`; a port alone makes two endpoints. @param port of the example */
export function inet(name: string, port: number): ParseValue<InetEndpoint[]> {
  return (text) => parseInet(text) ?? fail(`[HOST:]PORT, ${name}=127.0.0.1:${port} or ${name}=[::1]:${port}`);
}

/** Reads networks, `192.0.2.0/24,2001:db8::/32`. */
export function networks(text: string): Network[] {
  return text
    .split(/[\s,]+/)
    .filter(Boolean)
    .map((word) => parseNetwork(word) ?? fail('networks, --outgoing-networks=192.0.2.0/24,2001:db8::/32'));
}

/** Accepts a header field: at least a name (RFC 5322, section 3.6.8) and a colon. */
export function header(text: string): string {
  return /^[!-9;-~]+:/.test(text)
    ? text
    : fail("a header, --x-greylist-header='X-Greylist: delayed %t seconds'");
}

/** Reads a facility of syslog(3), also written as `MAIL` or `LOG_MAIL`. */
export const facility: ParseValue<string> = Object.assign(
  (text: string, warn: Warn) => oneOf(FACILITIES)(text.toLowerCase().replace(/^log_/, ''), warn),
  { values: FACILITIES },
);

/**
 * Accepts the ident of syslog lines, `IDENT[PID]: …`: visible ASCII without the characters that end it, and no
 * longer
 * than RFC 5424 allows (section 6.2.5).
 */
export function syslogIdent(text: string): string {
  return /^[!-9;-Z\\^-~]{1,48}$/.test(text)
    ? text
    : fail('up to 48 visible ASCII characters without [ ] and :, --syslog-ident=greyd');
}

/**
 * Accepts a prefix for keys of a shared store: visible ASCII without braces, which decide the slot in a
 * Cluster.
 */
export function keyPrefix(text: string): string {
  return /^[!-z|~]{1,100}$/.test(text)
    ? text
    : fail('visible ASCII characters without { and }, --store-prefix=greyd:');
}

export function oneOf<const Value extends string>(values: readonly Value[]): ParseValue<Value> {
  return Object.assign(
    (text: string) =>
      values.find((value) => value === text) ??
      fail(values.length === 1 ? `${values[0]}` : `one of ${values.join(', ')}`),
    { values },
  );
}

function fail(what: string): never {
  throw new Error(what);
}
