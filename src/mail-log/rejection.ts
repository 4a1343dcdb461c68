/**
 * Reads the line that Postfix logs when it rejects a mail:
 *
 *   line    :== queue-id ": " verb ": " stage " from " name "[" address "]" [":" port] ": " reply "; "
 *               ["from=<" sender "> "] ["to=<" recipient "> "] "proto=" protocol [" helo=<" name ">"]
 *   verb    :== reject | reject_warning | warn
 *   stage   :== RCPT | DATA | END-OF-MESSAGE | VRFY | ETRN | MAIL | EHLO | CONNECT | ...
 *
 * An address that a stage does not know is missing: VRFY and ETRN have no sender, DATA and END-OF-MESSAGE of a
 * mail to several recipients have no recipient. Addresses are logged in quoted form (`"john, doe"@example.net`), and
 * returned as in a policy request, without quotes.
 *
 * Known limit: characters that smtpd removes from an address, as control characters, are logged as `?`.
 */

export interface Rejection {
  readonly clientName: string;
  readonly clientAddress: string;
  /** Empty if the line has no sender: the null sender, or none yet. */
  readonly sender: string;
  /** Empty if the line has no recipient: there are several, or none yet. */
  readonly recipient: string;
}

const HEAD = /^\w+: (?:reject|reject_warning|warn): [A-Z-]+ from (\S+)\[([\da-fA-F:.]+)\](?::\d+)?: /;

const ADDRESS = String.raw`((?:"(?:[^"\\]|\\.)*"|[^\s<>"]*)(?:@[^\s<>"]*)?)`;
/** Anchored to the end of the line: the reply before it holds an address too, which may contain anything. */
const TAIL = new RegExp(
  `; (?:from=<${ADDRESS}> )?(?:to=<${ADDRESS}> )?proto=\\w+(?: helo=<[^<>\\s]*>)?(?: sasl_\\w+=\\S+)*$`,
);

/** @returns undefined if the message is no rejection */
export function readRejection(message: string): Rejection | undefined {
  const [, clientName, clientAddress = ''] = HEAD.exec(message) ?? [];
  const [tail, sender = '', recipient = ''] = TAIL.exec(message) ?? [];
  if (clientName === undefined || tail === undefined) return undefined;
  return { clientName, clientAddress, sender: unquoted(sender), recipient: unquoted(recipient) };
}

/** Turns `"john, doe"@example.net` into `john, doe@example.net`. */
function unquoted(address: string): string {
  const [, local, domain = ''] = /^"((?:[^"\\]|\\.)*)"(.*)$/s.exec(address) ?? [];
  return local === undefined ? address : local.replace(/\\(.)/gs, '$1') + domain;
}
