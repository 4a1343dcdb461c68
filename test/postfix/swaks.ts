/**
 * Sends mail with swaks, an SMTP client made for tests.
 */
import { execFile } from 'node:child_process';
import { SmtpSession } from '../support/smtp-session.ts';

/** A client as Postfix knows it, told to it with XCLIENT. */
export interface Client {
  readonly name: string;
  /** IPv6 as XCLIENT wants it: IPV6:2001:db8::1 */
  readonly address: string;
}

export interface Mail {
  /** undefined: without XCLIENT, from this machine. */
  readonly client?: Client | undefined;
  readonly from: string;
  readonly to: readonly string[];
}

export const MAIL: Mail = {
  client: { name: 'mail.example.net', address: '192.0.2.10' },
  from: 'alice@example.net',
  to: ['bob@example.org'],
};

export interface Target {
  readonly host?: string;
  readonly port: number;
  /** Send several commands without waiting for replies. */
  readonly pipelined?: boolean;
}

/** Exit statuses of a session in which the server refused: nothing, the recipients, the mail. */
const SPOKEN = [0, 24, 26];

/** Sends MAIL with changes. Fails if there was no session; mail that is refused is none of its business. */
export async function swaks(
  { host = '127.0.0.1', port, pipelined }: Target,
  changes: Partial<Mail> = {},
): Promise<SmtpSession> {
  const { client, from, to } = { ...MAIL, ...changes };
  const helo = client?.name ?? 'localhost';
  const args = [`--server=${host}`, `--port=${port}`, '--timeout=20s', `--helo=${helo}`];
  if (client !== undefined) args.push(`--xclient-addr=${client.address}`, `--xclient-name=${client.name}`);
  if (pipelined) args.push('--pipeline');
  // Without --suppress-data each line of the mail would look like a command.
  args.push(`--from=${from || '<>'}`, `--to=${to.join(',')}`, '--suppress-data');

  const { status, output } = await run(args);
  if (!SPOKEN.includes(status)) throw new Error(`swaks ended with status ${status}:\n${output}`);
  // Each line of a session has a mark of three characters for who said it, and a blank.
  const said = (mark: RegExp) =>
    output
      .split('\n')
      .filter((line) => mark.test(line))
      .map((line) => line.slice(4));
  return new SmtpSession(said(/^ -> /), said(/^<(- |\*\*) /));
}

function run(args: readonly string[]): Promise<{ status: number; output: string }> {
  // An environment of its own keeps a ~/.swaksrc and SWAKS_OPT_... of whoever runs the tests out.
  const env = { PATH: process.env.PATH, HOME: '/nonexistent' };
  return new Promise((resolve, reject) => {
    execFile('swaks', args, { env }, (error, stdout, stderr) => {
      if (typeof error?.code === 'string') reject(error);
      else resolve({ status: Number(error?.code ?? 0), output: stdout + stderr });
    });
  });
}
