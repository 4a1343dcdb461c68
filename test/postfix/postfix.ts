/**
 * A real Postfix of the test's own: configuration, queue, log and mailbox are in a temporary directory,
 * the system's Postfix and /etc/postfix are left alone. Its processes run as the user postfix,
 * as in real life, and so root is needed to start it.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  watch,
  writeFileSync,
} from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from '../support/ports.ts';
import {
  type ExtraService,
  GREYD_SOCKET,
  MAIL_UID,
  MAILDIR,
  mainCf,
  masterCf,
  type Ports,
} from './postfix-config.ts';

/** How long to wait for a line of the log, in milliseconds. */
const LOG_TIMEOUT_MS = 120_000;

/**
 * Stops the Postfix of a directory and removes it when its standard input ends. That also happens
 * when the tests are interrupted, and Postfix, a daemon, would live on.
 */
const KEEPER = 'cat; postfix -c "$1/config" stop; status=$?; rm -rf "$1"; exit $status';

/** postfix(1) is not on the path of everyone. */
const ENVIRONMENT = { PATH: `${process.env.PATH}:/usr/sbin` };

const run = promisify(execFile);

export class Postfix {
  readonly ports: Ports;
  /** The ports of the services of this test, in order. */
  readonly extraPorts: readonly number[];
  readonly #directory: string;
  readonly #keeper: ChildProcess;

  private constructor(directory: string, ports: Ports, extraPorts: readonly number[]) {
    this.#directory = directory;
    this.ports = ports;
    this.extraPorts = extraPorts;
    // In a session of its own, so that an interrupt from the terminal does not reach it.
    this.#keeper = spawn('sh', ['-c', KEEPER, 'sh', directory], {
      detached: true,
      env: ENVIRONMENT,
      stdio: ['pipe', 'ignore', 'ignore'],
    });
  }

  /**
   * Starts Postfix; greyd need not run yet. Whoever starts it stops it.
   * @param furnish puts what else is to be there into its configuration directory
   */
  static async start(
    extra: readonly ExtraService[] = [],
    furnish: (config: string) => void = () => {},
  ): Promise<Postfix> {
    const extraPorts: number[] = [];
    for (const _ of extra) extraPorts.push(await freePort());
    const ports = {
      greyd: await freePort(),
      outgoing: await freePort(),
      plain: await freePort(),
      tolerant: await freePort(),
      unix: await freePort(),
    };
    const postfix = new Postfix(mkdtempSync(join(tmpdir(), 'greyd-postfix-')), ports, extraPorts);
    try {
      postfix.#makeDirectories(extra.map((service, index) => ({ ...service, port: extraPorts[index] ?? 0 })));
      furnish(postfix.#path('config'));
      await run('postfix', ['-c', postfix.#path('config'), 'start'], { env: ENVIRONMENT });
      return postfix;
    } catch (error) {
      const reason = new Error(`Postfix did not start; its log:\n${postfix.log}`, { cause: error });
      // Failing to stop it as well is no news.
      await postfix.stop().catch(() => {});
      throw reason;
    }
  }

  /** Where its unix service looks for greyd. */
  get greydSocket(): string {
    return this.#path('queue', GREYD_SOCKET);
  }

  get log(): string {
    return existsSync(this.#logFile) ? readFileSync(this.#logFile, 'utf8') : '';
  }

  /** Waits until the log holds a match. */
  async logged(pattern: RegExp): Promise<RegExpExecArray> {
    const signal = AbortSignal.timeout(LOG_TIMEOUT_MS);
    const watcher = watch(this.#logFile);
    try {
      for (;;) {
        // Listening comes before reading, so that no line is missed in between.
        const change = once(watcher, 'change', { signal });
        change.catch(() => {});
        const match = pattern.exec(this.log);
        if (match !== null) return match;
        await change;
      }
    } catch (error) {
      throw new Error(`Postfix did not log ${pattern}; its log:\n${this.log}`, { cause: error });
    } finally {
      watcher.close();
    }
  }

  /** Waits until a mail has been delivered to all its recipients. @returns one text for each, by name */
  async delivered(queueId: string): Promise<string[]> {
    const [end] = await this.logged(new RegExp(`${queueId}: (removed|.*status=(deferred|bounced).*)`));
    if (!end.endsWith('removed')) throw new Error(`the mail was not delivered: ${end}`);
    const folder = this.#path('mail', MAILDIR, 'new');
    const files = await readdir(folder);
    const mails = await Promise.all(files.map((file) => readFile(join(folder, file), 'utf8')));
    const recipient = (mail: string) => /^Delivered-To: (.*)/m.exec(mail)?.[1] ?? '';
    return mails
      .filter((mail) => new RegExp(`^\\tby mx\\.example\\.org .* id ${queueId}\\b`, 'm').test(mail))
      .sort((a, b) => recipient(a).localeCompare(recipient(b)));
  }

  /** Ends all its processes and removes its files. */
  async stop(): Promise<void> {
    this.#keeper.stdin?.end();
    const [status] = await once(this.#keeper, 'close');
    if (status !== 0) throw new Error('Postfix did not run until it was stopped');
  }

  get #logFile(): string {
    return this.#path('log', 'mail.log');
  }

  #makeDirectories(extra: Parameters<typeof masterCf>[1]): void {
    // The user postfix must get through all of them, which the directory of mkdtemp does not let it.
    // Postfix makes the others, with the owners that it wants.
    for (const name of ['', 'config', 'queue', 'queue/greyd', 'log', 'mail']) {
      const path = this.#path(name);
      mkdirSync(path, { recursive: true });
      chmodSync(path, 0o755);
    }
    chownSync(this.#path('mail'), MAIL_UID, MAIL_UID);
    writeFileSync(this.#path('config', 'main.cf'), mainCf(this.#directory));
    writeFileSync(this.#path('config', 'master.cf'), masterCf(this.ports, extra));
  }

  #path(...names: readonly string[]): string {
    return join(this.#directory, ...names);
  }
}
