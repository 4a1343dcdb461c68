/**
 * Commands of a client that sends a mail, and the answers of Exim.
 */

export const ACCEPTED = '250 Accepted';

export const GREYLISTED = '451 Greylisted, see http://postgrey.schweikert.ch/help/example.org.html';

/** The text in Exim's log about recipients for which greyd did not answer. */
export const NOT_ASKED = 'no usable answer from greyd, mail passes without greylisting';

export interface Mail {
  readonly from: string;
  readonly to: readonly string[];
}

const MAIL: Mail = { from: 'alice@example.net', to: ['bob@example.org'] };

/** The commands of a session in which these mails are sent, by default one from alice to bob. */
export function sending(...mails: readonly Partial<Mail>[]): string[] {
  const all = mails.length === 0 ? [MAIL] : mails.map((changes) => ({ ...MAIL, ...changes }));
  return ['EHLO mail.example.net', ...all.flatMap(commandsFor)];
}

const commandsFor = ({ from, to }: Mail): string[] => [
  `MAIL FROM:<${from}> SMTPUTF8`,
  ...to.map((recipient) => `RCPT TO:<${recipient}>`),
  'DATA',
  'Subject: test\r\n\r\nHello.\r\n.',
];
