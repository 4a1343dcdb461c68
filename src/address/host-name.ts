/**
 * Host names and domains in the form in which they are compared: lower case, and each label that is
 * not ASCII as its A-label (RFC 5890): `Müller.Example` is `xn--mller-kva.example`.
 *
 * Labels are converted one by one, and ASCII ones only change to lower case: the rules of URLs for a whole host
 * (`1.2` is an IPv4 address, `%41` is an A) do not apply. A label that is no valid U-label, as one in another
 * encoding, stays as it is, in lower case.
 */
import { domainToASCII } from 'node:url';

/** The full stops of other scripts, which separate labels too (UTS #46). */
const OTHER_DOTS = /[\u3002\uff0e\uff61]/g;

const ASCII = /^[\0-\x7f]*$/;

/** A suffix for a label while it is converted, so that digits are not read as an IPv4 address. */
const SUFFIX = '.x';

/** @param name in any form, empty too; never throws */
export function comparableName(name: string): string {
  if (ASCII.test(name)) return name.toLowerCase();
  return name.replace(OTHER_DOTS, '.').split('.').map(comparableLabel).join('.');
}

/** Returns `user@domain` with a comparable domain, which begins at the last `@`; the user stays as it is. */
export function withComparableDomain(address: string): string {
  const domain = address.lastIndexOf('@') + 1;
  return address.slice(0, domain) + comparableName(address.slice(domain));
}

/** Returns what stands right of the first dot; nothing if there is none. */
export function withoutFirstLabel(name: string): string {
  const dot = name.indexOf('.');
  return dot === -1 ? '' : name.slice(dot + 1);
}

function comparableLabel(label: string): string {
  if (ASCII.test(label) || label.includes('%')) return label.toLowerCase();
  const converted = domainToASCII(label + SUFFIX);
  return converted === '' ? label.toLowerCase() : converted.slice(0, -SUFFIX.length);
}
