/**
 * What the other side gets to see: Postfix's replies to RCPT, and the headers of the mail.
 */

export const ACCEPTED = '250 2.1.5 Ok';

export function greylisted(recipient: string): string {
  const domain = recipient.slice(recipient.indexOf('@') + 1);
  return `450 4.2.0 <${recipient}>: Recipient address rejected: Greylisted, see http://postgrey.schweikert.ch/help/${domain}.html`;
}

/** Postfix's own answer if it cannot ask greyd and was not told what to do then. */
export const NOT_ASKED =
  '451 4.3.5 <bob@example.org>: Recipient address rejected: Server configuration problem';

export const greylistHeaders = (mail: string): string[] => mail.match(/^X-Greylist:.*/gm) ?? [];

/** The header of a mail that was delayed by the default delay and the few seconds that a test takes. */
export const DELAYED =
  /^X-Greylist: delayed 3[01]\d seconds by greyd-[\d.]+ at mx\.example\.org; \w{3}, \d\d \w{3} \d{4} [\d:]{8} \S+$/;
