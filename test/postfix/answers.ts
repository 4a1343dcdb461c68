/**
 * Postfix's replies to RCPT, as the client sees them.
 */

export const ACCEPTED = '250 2.1.5 Ok';

export function greylisted(recipient: string): string {
  const domain = recipient.slice(recipient.indexOf('@') + 1);
  return `450 4.2.0 <${recipient}>: Recipient address rejected: Greylisted, see http://postgrey.schweikert.ch/help/${domain}.html`;
}

/** Postfix's own answer if it cannot ask greyd and was not told what to do then. */
export const NOT_ASKED =
  '451 4.3.5 <bob@example.org>: Recipient address rejected: Server configuration problem';
