/**
 * Reads what the daemon logs about a request: the action line (grammar in log/action-line), or the object of
 * --log-format=json with the same fields.
 *
 * Values may hold commas, `=` and blanks, so a line is read by the fixed order of its fields: the client's name ends
 * before the first `, client_address=` with an address, the sender before the last `, recipient=`. A field that was
 * empty is missing: there is no recipient at DATA and END-OF-MESSAGE of a mail to several recipients, and at ETRN.
 * postgrey 1.36 wrote a mask after the address (`192.0.2.1/32`); it is dropped.
 */
import { DRY_RUN } from '../decisions/reasons.ts';
import type { ActionEntry } from '../log/action-line.ts';

/** What is read back of an ActionEntry. */
export interface ReadAction {
  readonly action: ActionEntry['action'];
  readonly reason: string;
  /** Empty if the log does not have it, as with --privacy. */
  readonly clientName: string;
  readonly clientAddress: string;
  readonly sender: string;
  readonly recipient: string;
}

const ACTION_LINE =
  /^(?:\w+: )?action=(greylist(?: \(dry run\))?|pass), reason=([^,]+)(?:, delay=\d+)?(?:, client_name=(.*?))?, client_address=([\da-fA-F:.]+(?:%\w+)?)(?:\/\d+)?(?=$|, sender=|, recipient=)/;
const [SENDER, RECIPIENT] = [', sender=', ', recipient='];

/**
 * Characters from which on a message without a recipient is taken to be cut off, maybe within its sender: older
 * syslog daemons cut lines at 1,024 bytes.
 */
const CUT_OFF = 900;

/** @returns undefined if the message is no action line, or was cut off */
export function readLoggedAction(message: string): ReadAction | undefined {
  if (message.startsWith('{')) return readObject(message);
  const [head, action, reason = '', clientName = '', clientAddress = ''] = ACTION_LINE.exec(message) ?? [];
  if (head === undefined || !isAction(action)) return undefined;
  const rest = message.slice(head.length);
  const at = rest.lastIndexOf(RECIPIENT);
  if (at === -1 && message.length >= CUT_OFF) return undefined;
  const sender = rest.slice(0, at === -1 ? undefined : at);
  if (sender !== '' && !sender.startsWith(SENDER)) return undefined;
  return {
    action,
    reason,
    clientName,
    clientAddress,
    sender: sender.slice(SENDER.length),
    recipient: at === -1 ? '' : rest.slice(at + RECIPIENT.length),
  };
}

function readObject(json: string): ReadAction | undefined {
  const fields = parsed(json);
  const { action } = fields;
  if (!isAction(action)) return undefined;
  const text = (name: string) => (typeof fields[name] === 'string' ? fields[name] : '');
  return {
    action,
    reason: text('reason'),
    clientName: text('client_name'),
    clientAddress: text('client_address'),
    sender: text('sender'),
    recipient: text('recipient'),
  };
}

function parsed(json: string): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(json) as Record<string, unknown>;
  } catch {
    // Cut off, or of another program.
    return {};
  }
}

function isAction(text: unknown): text is ReadAction['action'] {
  return text === 'greylist' || text === DRY_RUN || text === 'pass';
}
