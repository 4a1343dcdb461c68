/**
 * A policy request as it is sent: `name=value` lines and an empty one.
 */
import type { Attributes } from './words.ts';

/** What Postfix always sends, and nobody wants to type. */
const IMPLIED = [
  ['request', 'smtpd_access_policy'],
  ['protocol_state', 'RCPT'],
  ['client_name', 'unknown'],
  ['etrn_domain', ''],
] as const;

/** @param attributes in the order in which they are sent, behind those that are implied */
export function policyText(attributes: Attributes): string {
  const all = new Map<string, string>([...IMPLIED, ...attributes]);
  const sender = all.get('sender');
  // People write it so, Postfix sends nothing.
  if (sender === '<>') all.set('sender', '');
  return `${[...all].map(([name, value]) => `${name}=${value}\n`).join('')}\n`;
}
