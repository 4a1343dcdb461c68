/**
 * The request that a line of mail.log tells of: greyd's own line, or that with which Postfix says that it
 * rejected a recipient:
 *
 *   queue-id ": reject: RCPT from " name "[" address "]: " reply "; from=<" sender "> to=<" recipient "> proto=…"
 *
 * With or without the time, the host and the program before it.
 */
import { UsageError } from '../command-line.ts';
import { readLoggedAction } from './logged-action.ts';
import { messageOf } from './mail-log.ts';
import type { Attributes } from './words.ts';

const REJECT =
  /^\w+: (?:reject|reject_warning|warn): RCPT from (\S+)\[([\da-fA-F:.]+)\](?::\d+)?: .*?; from=<(.*?)> to=<(.*?)> proto=\w+ helo=</;

/**
 * @returns undefined if it tells of none
 * @throws {UsageError} if the log does not say of whom it tells
 */
export function readLoggedRequest(line: string): Attributes | undefined {
  const message = messageOf(line);
  const action = readLoggedAction(message);
  if (action !== undefined) {
    const { clientName, clientAddress, sender, recipient } = action;
    if (/^\*(@|$)/.test(recipient))
      throw new UsageError('the line was written with --privacy: it does not say of whom it tells');
    return attributesOf(clientName, clientAddress, sender, recipient);
  }
  const [, name, address = '', sender = '', recipient = ''] = REJECT.exec(message) ?? [];
  return name === undefined ? undefined : attributesOf(name, address, sender, recipient);
}

function attributesOf(name: string, address: string, sender: string, recipient: string): Attributes {
  return new Map([
    ['client_address', address],
    ['client_name', name],
    ['sender', sender],
    ['recipient', recipient],
  ]);
}
