/**
 * A real Exim of the test's own: configuration, spool, log and mailbox are in a temporary directory.
 *
 * It runs in a mount namespace in which that directory also has its /etc. So the machine needs
 * neither a configured Exim nor its account, and nothing of the machine's own is looked up; root is
 * needed for that.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryDirectory } from '../support/daemon.ts';
import { canRun, pathOf } from '../support/requirements.ts';
import { converse } from '../support/smtp-dialogue.ts';
import type { SmtpSession } from '../support/smtp-session.ts';
import { aclFor, ETC, EXIM_USER, type EximSettings, eximConf } from './exim-config.ts';

export const runsExim = canRun('Exim tests', {
  programs: ['exim4'],
  root: true,
  commands: ['unshare --mount true'],
});

const PROGRAM = pathOf('exim4') ?? 'exim4';

/** Runs a command, "$@", in a mount namespace where "$1" is /etc. */
const WITH_OWN_ETC = 'mount --bind "$1" /etc && shift && exec "$@"';

/** Who is connected to Exim; without a name, one that has none in DNS. */
export interface Client {
  readonly name?: string;
  readonly address: string;
}

export const CLIENT: Client = { name: 'mail.example.net', address: '192.0.2.10' };

export interface Rehearsal {
  readonly session: SmtpSession;
  /** Lines that Exim would have written to its log. */
  readonly log: readonly string[];
  /** Headers that the mail would have got. */
  readonly addedHeaders: readonly string[];
}

/** A new empty directory that Exim's account may enter, removed when the test has ended. */
export function enterableDirectory(): string {
  const path = temporaryDirectory();
  chmodSync(path, 0o755);
  return path;
}

export class Exim {
  readonly #directory = enterableDirectory();

  /** Its files are removed when the test has ended. */
  constructor(settings: EximSettings) {
    for (const name of ['etc', 'spool', 'log', 'mail']) mkdirSync(this.#path(name));
    for (const name of ['spool', 'log', 'mail']) chownSync(this.#path(name), EXIM_USER.id, EXIM_USER.id);
    const conf = eximConf(this.#directory, PROGRAM, aclFor(settings));
    for (const [name, text] of Object.entries({ ...ETC, 'exim.conf': conf }))
      writeFileSync(this.#path('etc', name), text);
  }

  /** `exim -bh`: an SMTP session as if from that client, after which nothing is delivered. */
  async rehearse(commands: readonly string[], client: Client = CLIENT): Promise<Rehearsal> {
    const { session, comments } = await this.#run(['-bh', client.address], client, commands);
    const all = (pattern: RegExp) => [...comments.matchAll(pattern)].map(([, text = '']) => text);
    return {
      session,
      log: all(/^LOG: (.*)$/gm),
      // First as it stands in the ACL, then what it has become.
      addedHeaders: all(/^>>> check add_header = .*\n>>> += (.*)$/gm),
    };
  }

  /** `exim -bs`: takes mails from that client, and delivers each before it answers. */
  async receive(commands: readonly string[], client: Client = CLIENT): Promise<SmtpSession> {
    const { session } = await this.#run(['-odf', '-bs', '-oMa', client.address], client, commands);
    return session;
  }

  /** The text of each mail that was delivered, one for each recipient. */
  get delivered(): string[] {
    const mailbox = this.#path('mail', 'mailbox');
    return existsSync(mailbox) ? readFileSync(mailbox, 'utf8').split(/^(?=From )/m) : [];
  }

  async #run(
    args: readonly string[],
    { name }: Client,
    commands: readonly string[],
  ): Promise<{ session: SmtpSession; comments: string }> {
    const exim = [PROGRAM, '-C', '/etc/exim.conf', ...(name === undefined ? [] : ['-oMs', name]), ...args];
    const child = spawn('unshare', ['--mount', 'sh', '-c', WITH_OWN_ETC, 'sh', this.#path('etc'), ...exim]);
    let comments = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      comments += text;
    });
    // EPIPE: Exim has ended, and the status says why.
    child.stdin.on('error', () => {});
    const closed = once(child, 'close');
    const session = await converse(child.stdout, child.stdin, commands);
    const [status] = await closed;
    if (status !== 0) throw new Error(`Exim ended with status ${status}:\n${comments}`);
    return { session, comments };
  }

  #path(...names: readonly string[]): string {
    return join(this.#directory, ...names);
  }
}
