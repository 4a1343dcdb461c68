/**
 * The smallest SMTP client, for what swaks cannot say: the SMTPUTF8 parameter of MAIL FROM (RFC 6531).
 */
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { isLastLine, SmtpSession } from './smtp-session.ts';

/**
 * Says each command after the reply to the one before, and QUIT after the last one and after a refusal.
 * The text of a mail, with the dot that ends it, counts as one command.
 */
export async function smtpDialogue(port: number, commands: readonly string[]): Promise<SmtpSession> {
  const socket = connect({ port, host: '127.0.0.1' });
  const toSay = [...commands];
  const said: string[] = [];
  const lines: string[] = [];
  for await (const line of createInterface(socket)) {
    lines.push(line);
    if (!isLastLine(line) || said.at(-1) === 'QUIT') continue;
    const isRefusal = /^[45]/.test(line);
    const command = (isRefusal ? undefined : toSay.shift()) ?? 'QUIT';
    said.push(command);
    socket.write(`${command}\r\n`);
  }
  return new SmtpSession(said, lines);
}
