/**
 * Reads the request that a command is about: arguments `name=value`, or a line of the log.
 */
import { readLoggedAction } from '../mail-log/action.ts';
import { messagesOf } from '../mail-log/entries.ts';
import { linesOf, STDIN } from '../mail-log/lines.ts';
import { readRejection } from '../mail-log/rejection.ts';
import { type OptionEntry, UsageError } from '../options/command-line.ts';
import type { Attributes } from '../policy/client.ts';
import type { Work } from './command.ts';

/** All attributes that Postfix sends (SMTPD_POLICY_README, up to 3.9), so that a whole request can be pasted. */
export const POLICY_ATTRIBUTES = [
  ...['client_address', 'client_name', 'sender', 'recipient', 'request', 'protocol_state', 'protocol_name'],
  ...['helo_name', 'queue_id', 'recipient_count', 'reverse_client_name', 'instance', 'sasl_method'],
  ...['sasl_username', 'sasl_sender', 'size', 'ccert_subject', 'ccert_issuer', 'ccert_fingerprint'],
  ...['ccert_pubkey_fingerprint', 'encryption_protocol', 'encryption_cipher', 'encryption_keysize'],
  ...['etrn_domain', 'stress', 'client_port', 'policy_context', 'server_address', 'server_port'],
  ...['compatibility_level', 'mail_version', 'policy_test_time'],
] as const;

export const FROM_LOG_OPTION = {
  flags: '--from-log <LINE>',
  help: 'take the request from a log line of greyd, or from a reject: line of Postfix; -: from the last such line of standard input',
} as const satisfies OptionEntry;

/**
 * @param fromLog the value of FROM_LOG_OPTION
 * @param isOne true: all lines must be about the same mail; false: the last one counts
 * @returns no attributes if neither arguments nor a line are given
 * @throws {UsageError} if both are given, or the line is about no request
 */
export async function requestAttributes(
  named: Attributes,
  fromLog: string | undefined,
  { input }: Pick<Work, 'input'>,
  isOne = false,
): Promise<Attributes> {
  if (fromLog === undefined) return named;
  const [first] = named;
  if (first !== undefined)
    throw new UsageError(`unexpected argument '${first.join('=')}'; give either arguments or --from-log`);
  const lines = fromLog === STDIN ? linesOf(STDIN, input) : [[fromLog]];
  let found: Attributes | undefined;
  for await (const group of lines) {
    for (const line of group) {
      const before = found;
      found = readLoggedRequest(line) ?? found;
      if (isOne && before !== undefined && !isSameMail(before, found))
        throw new UsageError('the lines of --from-log are about different mails: give those of one mail');
    }
  }
  if (found !== undefined) return found;
  throw new UsageError(
    'no request found in --from-log: give a line of greyd with action=…, or of Postfix with reject:',
  );
}

function isSameMail(a: Attributes, b: Attributes | undefined): boolean {
  return ['client_address', 'sender', 'recipient'].every((name) => a.get(name) === b?.get(name));
}

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
