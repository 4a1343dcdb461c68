/**
 * The smallest SMTP client, for what swaks cannot say (the SMTPUTF8 parameter of MAIL FROM, RFC 6531) and
 * for servers that it cannot reach (Exim on a pipe).
 */
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { isLastLine, SmtpSession } from './smtp-session.ts';

/** A dialogue with the server on a port of this machine. */
export function smtpDialogue(port: number, commands: readonly string[]): Promise<SmtpSession> {
  const socket = connect({ port, host: '127.0.0.1' });
  return converse(socket, socket, commands);
}

/**
 * Says each command after the reply to the one before, and QUIT after the last one and after a refusal.
 * The text of a mail, with the dot that ends it, counts as one command.
 */
export async function converse(
  replies: Readable,
  server: Writable,
  commands: readonly string[],
): Promise<SmtpSession> {
  const toSay = [...commands];
  const said: string[] = [];
  const lines: string[] = [];
  for await (const line of createInterface(replies)) {
    lines.push(line);
    if (!isLastLine(line) || said.at(-1) === 'QUIT') continue;
    const isRefusal = /^[45]/.test(line);
    const command = (isRefusal ? undefined : toSay.shift()) ?? 'QUIT';
    said.push(command);
    if (command === 'QUIT') server.end('QUIT\r\n');
    else server.write(`${command}\r\n`);
  }
  return new SmtpSession(said, lines);
}
