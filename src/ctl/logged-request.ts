/**
 * The request that a line of mail.log tells of: greyd's own line (see logged-action), or that with which
 * Postfix says that it rejected what greyd was asked about (see rejection).
 *
 * With or without the time, the host and the program before it. What a line does not name was empty in
 * the request: the null sender, and the recipient of DATA and END-OF-MESSAGE if there were several, of ETRN and CONNECT.
 */
import { UsageError } from '../command-line.ts';
import { readLoggedAction } from './logged-action.ts';
import { messagesOf } from './mail-log.ts';
import { readRejection } from './rejection.ts';
import type { Attributes } from './words.ts';

/**
 * @returns undefined if it tells of none
 * @throws {UsageError} if the log does not say of whom it tells
 */
export function readLoggedRequest(line: string): Attributes | undefined {
  for (const message of messagesOf(line)) {
    const action = readLoggedAction(message);
    if (action !== undefined && [action.sender, action.recipient].some(isHidden))
      throw new UsageError('the line was written with --privacy: it does not say of whom it tells');
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

/** Of --privacy: the domain alone. */
function isHidden(address: string): boolean {
  return /^\*(@|$)/.test(address);
}
