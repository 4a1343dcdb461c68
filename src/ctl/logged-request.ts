/**
 * Returns the request that a line of mail.log is about: a line of greyd (see logged-action), or one of Postfix about
 * a rejected mail (see rejection), with or without time, host and program.
 *
 * An attribute that the line does not have was empty in the request: the null sender, and the recipient of ETRN,
 * CONNECT, and DATA and END-OF-MESSAGE of a mail to several recipients.
 */
import { UsageError } from '../options/command-line.ts';
import { readLoggedAction } from './logged-action.ts';
import { messagesOf } from './mail-log.ts';
import { readRejection } from './rejection.ts';
import type { Attributes } from './words.ts';

/**
 * @returns undefined if the line is about no request
 * @throws {UsageError} if the line has no addresses, because of --privacy
 */
export function readLoggedRequest(line: string): Attributes | undefined {
  for (const message of messagesOf(line)) {
    const action = readLoggedAction(message);
    if (action !== undefined && [action.sender, action.recipient].some(isHidden))
      throw new UsageError('the log line was written with --privacy: it has no addresses');
    const found = action ?? readRejection(message);
    if (found === undefined) continue;
    return new Map([
      ['client_address', found.clientAddress],
      ['client_name', found.clientName],
      ['sender', found.sender],
      ['recipient', found.recipient],
    ]);
  }
  return undefined;
}

/** Tells whether --privacy has replaced the local part of an address. */
function isHidden(address: string): boolean {
  return /^\*(@|$)/.test(address);
}
