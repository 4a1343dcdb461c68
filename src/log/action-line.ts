/**
 * The line that postgrey writes for each answered request, to the letter (other programs parse it):
 *
 *   line  :== [queue-id ": "] "action=" action ", reason=" reason *( ", " field "=" value )
 *   field :== delay | client_name | client_address | sender | recipient     in this order
 *
 * A field whose value is empty is left out; values stand as they were received.
 */

export interface ActionEntry {
  readonly queueId: string;
  readonly action: 'greylist' | 'pass';
  readonly reason: string;
  /** Seconds that a mail was delayed, on the visit on which it first passes. */
  readonly delay?: number | undefined;
  readonly clientName: string;
  readonly clientAddress: string;
  readonly sender: string;
  readonly recipient: string;
}

type ActionFields = Readonly<Record<string, string | number>>;

/** The named fields of an entry, in the order of the line, as the JSON log has them. */
export function actionFields(entry: ActionEntry): ActionFields {
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

export function actionLine({ queue_id: queueId, ...fields }: ActionFields): string {
  const text = Object.entries(fields).map(([name, value]) => `${name}=${value}`);
  return (queueId === undefined ? '' : `${queueId}: `) + text.join(', ');
}
