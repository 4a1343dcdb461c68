/**
 * Reads back what the daemon logs of an answered request: the action line (grammar in log/action-line)
 * or the object of --log-format=json with the same fields.
 *
 * Values may hold commas, `=` and blanks, so a line is read by the fixed order of its fields: the
 * client's name ends before the first `, client_address=` with an address, the sender before the last
 * `, recipient=`. postgrey 1.36 wrote a mask behind the address (`192.0.2.1/32`); it is dropped.
 */
import { DRY_RUN, type LoggedDecision } from '../log/action-line.ts';

export interface LoggedAction {
  readonly action: LoggedDecision;
  readonly reason: string;
  /** Empty where the log does not say it, as with --privacy. */
  readonly clientName: string;
  readonly clientAddress: string;
  readonly sender: string;
  readonly recipient: string;
}

const ACTION_LINE =
  /^(?:\w+: )?action=(greylist(?: \(dry run\))?|pass), reason=([^,]+)(?:, delay=\d+)?(?:, client_name=(.*?))?, client_address=([\da-fA-F:.]+(?:%\w+)?)(?:\/\d+)?(?:, sender=(.*))?, recipient=(.*)$/;

/** @returns undefined if the message is another one */
export function readLoggedAction(message: string): LoggedAction | undefined {
  if (message.startsWith('{')) return readObject(message);
  const [, action, reason = '', clientName = '', clientAddress = '', sender = '', recipient = ''] =
    ACTION_LINE.exec(message) ?? [];
  return isAction(action) ? { action, reason, clientName, clientAddress, sender, recipient } : undefined;
}

function readObject(json: string): LoggedAction | undefined {
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

function isAction(text: unknown): text is LoggedAction['action'] {
  return text === 'greylist' || text === DRY_RUN || text === 'pass';
}
