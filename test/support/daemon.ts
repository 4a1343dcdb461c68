/**
 * Runs the real bin/greyd.js as an administrator would, and talks to it as Postfix would.
 */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { type Attributes, PolicyClient } from './policy-client.ts';
import { scriptWords } from './script-words.ts';
import { WakeUp } from './wake-up.ts';

export const GREYD = fileURLToPath(new URL('../../bin/greyd.js', import.meta.url));
/** Words before the daemon's own options. */
export const GREYD_COMMAND = [process.execPath, ...scriptWords(GREYD)];

/** A new empty directory, removed when the test has ended. */
export function temporaryDirectory(): string {
  const path = mkdtempSync(join(tmpdir(), 'greyd-test-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

export interface Exit {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface DaemonSettings {
  /** Defaults to a new empty directory. */
  readonly dbdir?: string;
  /** Defaults to a port of 127.0.0.1 that the system chooses; [] if `args` say where to listen. */
  readonly listen?: readonly string[];
  /** A command that runs the daemon in some surroundings, as `unshare --user`. */
  readonly launcher?: readonly string[];
  /** Takes what is to be done at the end: of the test, unless the daemon is for several. */
  readonly atEnd?: (end: () => Promise<void>) => void;
}

/** A running greyd. */
export class Daemon {
  readonly dbdir: string;
  readonly exited: Promise<Exit>;
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #changed = new WakeUp();
  #log = '';

  private constructor(
    args: readonly string[],
    { dbdir, listen = ['--inet=127.0.0.1:0'], launcher = [] }: DaemonSettings,
  ) {
    this.dbdir = dbdir ?? temporaryDirectory();
    const own = [...listen, `--dbdir=${this.dbdir}`, `--user=${process.getuid?.() ?? 0}`, ...NO_WHITELISTS];
    const [command = '', ...words] = [...launcher, ...GREYD_COMMAND, ...own, ...args];
    this.#process = spawn(command, words);
    this.#process.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#log += text;
      this.#changed.now();
    });
    this.#process.stderr.on('end', () => this.#changed.now());
    this.exited = once(this.#process, 'close').then(([status, signal]) => ({ status, signal }));
  }

  /**
   * Starts greyd; it is killed at the end.
   * The daemon runs with empty whitelists unless `args` name some.
   */
  static launch(args: readonly string[] = [], settings: DaemonSettings = {}): Daemon {
    const daemon = new Daemon(args, settings);
    const { atEnd = onTestFinished } = settings;
    atEnd(async () => {
      daemon.kill('SIGKILL');
      await daemon.exited;
    });
    return daemon;
  }

  /** Starts greyd and waits until it serves. */
  static async start(args: readonly string[] = [], settings: DaemonSettings = {}): Promise<Daemon> {
    const daemon = Daemon.launch(args, settings);
    await daemon.serving();
    return daemon;
  }

  async serving(): Promise<void> {
    await this.logged(/greyd \S+ listening on /);
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  /** All that was logged until now. */
  get log(): string {
    return this.#log;
  }

  get logLines(): string[] {
    return this.#log.split('\n').slice(0, -1);
  }

  /** The first TCP port it listens on. */
  get port(): number {
    return Number(/greyd \S+ listening on [^,\n]*:(\d+)/.exec(this.#log)?.[1]);
  }

  /**
   * Waits until the log holds a match. Fails if greyd ends before that.
   * @param from how much of the log, in characters, is not looked at
   */
  async logged(pattern: RegExp, from = 0): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(this.#log.slice(from));
      if (match !== null) return match;
      if (this.#process.stderr.readableEnded)
        throw new Error(`greyd ended without logging ${pattern}; its log:\n${this.#log}`);
      await this.#changed.wait();
    }
  }

  /** A new connection to the first TCP port. */
  connect(): Promise<PolicyClient> {
    return PolicyClient.connect({ host: '127.0.0.1', port: this.port });
  }

  /** Asks one request on a connection of its own. @returns the action */
  async ask(attributes: Attributes = {}): Promise<string> {
    const client = await this.connect();
    try {
      return await client.ask(attributes);
    } finally {
      client.close();
    }
  }

  kill(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  /** Asks it to end, and waits until it has. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<Exit> {
    this.kill(signal);
    return this.exited;
  }
}

const NO_WHITELISTS = ['--whitelist-clients=/dev/null', '--whitelist-recipients=/dev/null'];

/** Runs greyd with a command line on which it ends by itself. */
export async function runGreyd(args: readonly string[]): Promise<Exit & { stdout: string; stderr: string }> {
  const [command = '', ...words] = GREYD_COMMAND;
  const child = spawn(command, [...words, ...args]);
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const [status, signal] = await once(child, 'close');
  return { status, signal, stdout, stderr };
}
