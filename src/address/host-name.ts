/**
 * Host names and domains in the form in which they are compared: lower case, and each label that is
 * not ASCII as its A-label (RFC 5890): `Müller.Example` is `xn--mller-kva.example`.
 *
 * Labels are converted one by one, and ASCII ones are never touched but for their case: what the rules
 * of URLs make of a whole host (`1.2` an IPv4 address, `%41` an A) does not happen. A label that is no
 * valid U-label, of bytes in some other encoding for one, stands for itself, in lower case.
 */
import { domainToASCII } from 'node:url';

/** The full stops of other scripts, which separate labels too (UTS #46). */
const OTHER_DOTS = /[\u3002\uff0e\uff61]/g;

const ASCII = /^[\0-\x7f]*$/;

/** What stands behind a label while it is converted, so that digits are not read as an IPv4 address. */
const SUFFIX = '.x';

/** @param name of any form, empty too; never throws */
export function comparableName(name: string): string {
  if (ASCII.test(name)) return name.toLowerCase();
  return name.replace(OTHER_DOTS, '.').split('.').map(comparableLabel).join('.');
}

/** The same of the domain in `user@domain`, which begins at the last `@`; the user as it is. */
export function withComparableDomain(address: string): string {
  const domain = address.lastIndexOf('@') + 1;
  return address.slice(0, domain) + comparableName(address.slice(domain));
}

function comparableLabel(label: string): string {
  if (ASCII.test(label) || label.includes('%')) return label.toLowerCase();
  const converted = domainToASCII(label + SUFFIX);
  return converted === '' ? label.toLowerCase() : converted.slice(0, -SUFFIX.length);
}
