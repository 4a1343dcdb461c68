/**
 * Writes a policy request as Postfix sends it: lines `name=value`, and an empty line.
 */
import type { Attributes } from './words.ts';

/** Attributes that Postfix always sends, with their defaults here. */
const IMPLIED = [
  ['request', 'smtpd_access_policy'],
  ['protocol_state', 'RCPT'],
  ['client_name', 'unknown'],
  ['etrn_domain', ''],
] as const;

/** @param attributes in the order in which they are sent, after the implied ones */
export function policyText(attributes: Attributes): string {
  const all = new Map<string, string>([...IMPLIED, ...attributes]);
  const sender = all.get('sender');
  // The null sender is written <> by people, and sent as an empty value.
  if (sender === '<>') all.set('sender', '');
  return `${[...all].map(([name, value]) => `${name}=${value}\n`).join('')}\n`;
}
