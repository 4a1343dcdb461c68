/**
 * Reads the line with which Postfix says that it rejected what greyd was asked about:
 *
 *   line    :== queue-id ": " verb ": " stage " from " name "[" address "]" [":" port] ": " reply "; "
 *               ["from=<" sender "> "] ["to=<" recipient "> "] "proto=" protocol [" helo=<" name ">"]
 *   verb    :== reject | reject_warning | warn
 *   stage   :== RCPT | DATA | END-OF-MESSAGE | VRFY | ETRN | MAIL | EHLO | CONNECT | ...
 *
 * What a stage does not know is left out: VRFY and ETRN have no sender, DATA and END-OF-MESSAGE of a
 * mail to several recipients none of them. Addresses stand there in quoted form (`"john, doe"@example.net`), and come
 * back as a policy request has them, without quotes.
 *
 * Known limit: what smtpd took out of an address, as control characters, stands there as `?`.
 */

export interface Rejection {
  readonly clientName: string;
  readonly clientAddress: string;
  /** Empty if the line has none: the null sender, or no sender yet. */
  readonly sender: string;
  /** Empty if the line has none: several, or no recipient yet. */
  readonly recipient: string;
}

const HEAD = /^\w+: (?:reject|reject_warning|warn): [A-Z-]+ from (\S+)\[([\da-fA-F:.]+)\](?::\d+)?: /;

const ADDRESS = String.raw`((?:"(?:[^"\\]|\\.)*"|[^\s<>"]*)(?:@[^\s<>"]*)?)`;
/** Bound to the end of the line: the reply holds an address too, of which anything may be a part. */
const TAIL = new RegExp(
  `; (?:from=<${ADDRESS}> )?(?:to=<${ADDRESS}> )?proto=\\w+(?: helo=<[^<>\\s]*>)?(?: sasl_\\w+=\\S+)*$`,
);

/** @returns undefined if the message is another one */
export function readRejection(message: string): Rejection | undefined {
  const [, clientName, clientAddress = ''] = HEAD.exec(message) ?? [];
  const [tail, sender = '', recipient = ''] = TAIL.exec(message) ?? [];
  if (clientName === undefined || tail === undefined) return undefined;
  return { clientName, clientAddress, sender: unquoted(sender), recipient: unquoted(recipient) };
}

/** `"john, doe"@example.net` as `john, doe@example.net`. */
function unquoted(address: string): string {
  const [, local, domain = ''] = /^"((?:[^"\\]|\\.)*)"(.*)$/s.exec(address) ?? [];
  return local === undefined ? address : local.replace(/\\(.)/gs, '$1') + domain;
}
