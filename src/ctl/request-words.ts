/**
 * The request that a command is about: words `name=value`, or a line of the log that tells of one.
 */
import { type OptionEntry, UsageError } from '../command-line.ts';
import type { Work } from './command.ts';
import { linesOf, STDIN } from './log-lines.ts';
import { readLoggedRequest } from './logged-request.ts';
import { type Attributes, readAttributes } from './words.ts';

/** All attributes that a Postfix sends (SMTPD_POLICY_README, to 3.9), so that a request can be copied whole. */
export const POLICY_ATTRIBUTES = [
  ...['client_address', 'client_name', 'sender', 'recipient', 'request', 'protocol_state', 'protocol_name'],
  ...['helo_name', 'queue_id', 'recipient_count', 'reverse_client_name', 'instance', 'sasl_method'],
  ...['sasl_username', 'sasl_sender', 'size', 'ccert_subject', 'ccert_issuer', 'ccert_fingerprint'],
  ...['ccert_pubkey_fingerprint', 'encryption_protocol', 'encryption_cipher', 'encryption_keysize'],
  ...['etrn_domain', 'stress', 'client_port', 'policy_context', 'server_address', 'server_port'],
  ...['compatibility_level', 'mail_version', 'policy_test_time'],
] as const;

export const FROM_LOG_OPTION: OptionEntry = {
  flags: '--from-log <LINE>',
  help: 'the request is that of a line of mail.log, of greyd or of a Postfix that rejects; -: the last one of standard input',
};

/**
 * @param fromLog the value of FROM_LOG_OPTION
 * @param isOne whether all lines must tell of the same mail; if not, the last one counts
 * @returns without anything that names a request: no attributes
 * @throws {UsageError} if it is named twice, or the line tells of none
 */
export async function requestAttributes(
  words: readonly string[],
  fromLog: string | undefined,
  { input }: Pick<Work, 'input'>,
  isOne = false,
): Promise<Attributes> {
  if (fromLog === undefined) return readAttributes(words, POLICY_ATTRIBUTES);
  if (words.length > 0) throw new UsageError(`there is no use for ${words[0]} beside --from-log`);
  const lines = fromLog === STDIN ? linesOf(STDIN, input) : [[fromLog]];
  let found: Attributes | undefined;
  for await (const group of lines) {
    for (const line of group) {
      const before = found;
      found = readLoggedRequest(line) ?? found;
      if (isOne && before !== undefined && !isSameMail(before, found))
        throw new UsageError('the lines of --from-log tell of different mails: give those of one');
    }
  }
  if (found !== undefined) return found;
  throw new UsageError(
    'there is no request in --from-log: give a line with action=… of greyd, or with reject: of Postfix',
  );
}

function isSameMail(a: Attributes, b: Attributes | undefined): boolean {
  return ['client_address', 'sender', 'recipient'].every((name) => a.get(name) === b?.get(name));
}
