/**
 * The line that postgrey writes for each answered request, to the letter (other programs parse it):
 *
 *   line   :== [queue-id ": "] "action=" action ", reason=" reason *( ", " field "=" value )
 *   action :== greylist | pass | greylist (dry run)             the last one is not postgrey's
 *   field  :== delay | client_name | client_address | sender | recipient     in this order
 *
 * A field whose value is empty is left out; values stand as they were received.
 */
import type { Action, FAIL_OPEN } from '../decisions/reasons.ts';

/** An action with a line of its own; what is wrong when mail passes because of a fault is logged instead. */
export type LoggedAction = Exclude<Action, typeof FAIL_OPEN>;

export interface ActionEntry {
  readonly queueId: string;
  readonly action: LoggedAction;
  readonly reason: string;
  /** Seconds that a mail was delayed, when it passes for the first time. */
  readonly delay?: number | undefined;
  readonly clientName: string;
  readonly clientAddress: string;
  readonly sender: string;
  readonly recipient: string;
}

/** Returns the named fields of an entry, in the order of the line, for the JSON log. */
export function actionFields(entry: ActionEntry): Readonly<Record<string, string | number>> {
  const fields = {
    queue_id: entry.queueId,
    action: entry.action,
    reason: entry.reason,
    delay: entry.delay,
    client_name: entry.clientName,
    client_address: entry.clientAddress,
    sender: entry.sender,
    recipient: entry.recipient,
  };
  return Object.fromEntries(
    Object.entries(fields).filter(
      (field): field is [string, string | number] => field[1] !== undefined && field[1] !== '',
    ),
  );
}

export function actionLine(entry: ActionEntry): string {
  const { queueId, action, reason, delay, clientName, clientAddress, sender, recipient } = entry;
  const field = (name: string, value: string) => (value === '' ? '' : `, ${name}=${value}`);
  return (
    (queueId === '' ? '' : `${queueId}: `) +
    `action=${action}, reason=${reason}` +
    (delay === undefined ? '' : `, delay=${delay}`) +
    field('client_name', clientName) +
    field('client_address', clientAddress) +
    field('sender', sender) +
    field('recipient', recipient)
  );
}
