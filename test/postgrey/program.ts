/**
 * One of the two programs under comparison, run in the foreground with a database and a place to
 * listen of its own, and what it writes to its log.
 */
import { type ChildProcessByStdio, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdirSync, writeFileSync } from 'node:fs';
import { connect, type NetConnectOpts } from 'node:net';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { type Exit, GREYD_COMMAND, temporaryDirectory } from '../support/daemon.ts';
import { freePort } from '../support/ports.ts';
import { WakeUp } from '../support/wake-up.ts';
import { Link } from './link.ts';
import { type TestRequest, wireText } from './request.ts';

export const NAMES = ['postgrey', 'greyd'] as const;
export type Name = (typeof NAMES)[number];

/** Between two attempts to connect to a program that starts, in milliseconds. */
const ATTEMPT_PAUSE_MS = 10;
/** Between two attempts to wake a program that does not end, in milliseconds. */
const WAKE_PAUSE_MS = 500;

export interface ProgramSettings {
  /** `PORT` and `SOCKET` in them become what the test has for this program. */
  readonly args: readonly string[];
  /** Defaults to a TCP port; `none` if the arguments say it. */
  readonly listen?: 'inet' | 'unix' | 'none';
  /** Empty unless given. */
  readonly whitelists?: Whitelists | undefined;
  /** The command of another version, in place of that of the system or of this tree. */
  readonly command?: readonly string[];
  /** Something to be done before it starts. */
  readonly before?: (places: Places) => void;
}

/** Where a program has its files. */
export interface Places {
  readonly dbdir: string;
  /** `SOCKET` in its arguments. */
  readonly socket: string;
}

export interface Whitelists {
  readonly clients: string;
  readonly recipients: string;
}

export class Program implements Places {
  readonly name: Name;
  readonly dbdir: string;
  readonly socket: string;
  readonly where: NetConnectOpts;
  readonly exited: Promise<Exit>;
  /** Whole lines that `takeLines` has not taken yet, a character for each byte. */
  readonly #lines: string[] = [];
  readonly #process: ChildProcessByStdio<null, null, Readable>;
  readonly #changed = new WakeUp();
  #partialLine = '';
  #hasEnded = false;

  private constructor(
    name: Name,
    words: readonly string[],
    where: NetConnectOpts,
    { dbdir, socket }: Places,
  ) {
    this.name = name;
    this.where = where;
    this.dbdir = dbdir;
    this.socket = socket;
    const [command = '', ...args] = words;
    this.#process = spawn(command, args, { cwd: dbdir, stdio: ['ignore', 'ignore', 'pipe'] });
    this.#process.stderr.setEncoding('latin1').on('data', (text: string) => {
      const lines = (this.#partialLine + text).split('\n');
      this.#partialLine = lines.pop() ?? '';
      this.#lines.push(...lines);
      this.#changed.now();
    });
    this.exited = once(this.#process, 'close').then(([status, signal]) => {
      this.#hasEnded = true;
      this.#changed.now();
      return { status, signal };
    });
  }

  /** Starts one; it is killed when the test has ended. It need not live long. */
  static async launch(name: Name, settings: ProgramSettings): Promise<Program> {
    const folder = temporaryDirectory();
    const port = await freePort();
    const socket = join(folder, 'socket');
    const isUnix = settings.listen === 'unix';
    const place = { inet: [`--inet=127.0.0.1:${port}`], unix: [`--unix=${socket}`], none: [] };
    const dbdir = databaseDirectory(name, folder);
    const own = [
      ...(settings.command ?? COMMANDS[name]),
      ...place[settings.listen ?? 'inet'],
      `--dbdir=${dbdir}`,
      ...WHITELIST_OPTIONS,
    ];
    writeWhitelists(dbdir, settings.whitelists ?? { clients: '', recipients: '' });
    settings.before?.({ dbdir, socket });
    const args = settings.args.map((word) => word.replace('PORT', String(port)).replace('SOCKET', socket));
    const where = isUnix ? { path: socket } : { host: '127.0.0.1', port };
    const program = new Program(name, [...own, ...args], where, { dbdir, socket });
    onTestFinished(() => program.kill());
    return program;
  }

  /** Starts one and waits until it takes connections. */
  static async start(name: Name, settings: ProgramSettings): Promise<Program> {
    const program = await Program.launch(name, settings);
    if (!(await program.isListening())) throw new Error(`${name} did not start:\n${program.log}`);
    return program;
  }

  /** Waits until it takes connections. @returns false if it ends before that */
  async isListening(where = this.where): Promise<boolean> {
    while (!this.#hasEnded) {
      if (await canConnect(where)) return true;
      await Promise.race([pause(ATTEMPT_PAUSE_MS), this.exited]);
    }
    return false;
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Lines that `takeLines` has not taken. */
  get log(): string {
    return [...this.#lines, this.#partialLine].join('\n');
  }

  link(): Link {
    return new Link(this.where);
  }

  /** Takes all lines up to one that ends them, without that one. Fails if the program ends before. */
  async takeLines(isEnd: (line: string) => boolean): Promise<string[]> {
    let looked = 0;
    for (;;) {
      for (; looked < this.#lines.length; looked += 1) {
        if (isEnd(this.#lines[looked] ?? '')) return this.#lines.splice(0, looked + 1).slice(0, -1);
      }
      if (this.#hasEnded) throw new Error(`${this.name} has ended:\n${this.#lines.slice(-20).join('\n')}`);
      await this.#changed.wait();
    }
  }

  /**
   * Takes all lines about requests that were answered before this.
   * @param link where to ask; after a program's answer on another connection any will do
   */
  async linesUntilNow(link = this.link()): Promise<string[]> {
    await link.ask(wireText(MARKER));
    const lines = await this.takeLines((line) => MARKER_LINES.includes(line));
    await this.takeLines((line) => line === 'attribute missing: client_address');
    return lines;
  }

  /** Changes the whitelists; SIGHUP makes the program read them. */
  writeWhitelists(whitelists: Whitelists): void {
    writeWhitelists(this.dbdir, whitelists);
  }

  signal(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  /**
   * Asks it to end, and waits until it has. Perl looks at signals between two of its operations: postgrey
   * does not see one that comes in the instant before it waits, until something else wakes it.
   */
  async stop(): Promise<Exit> {
    this.signal('SIGTERM');
    while (!this.#hasEnded) {
      await Promise.race([pause(WAKE_PAUSE_MS), this.exited]);
      if (this.name === 'postgrey') await canConnect(this.where);
    }
    return this.exited;
  }

  async kill(): Promise<void> {
    this.signal('SIGKILL');
    await this.exited;
  }
}

/** Garbage of a length that no other has, by which it is found in a log without texts. */
const MARKER_LINE = 'nothing comes before this '.padEnd(99, '.');
const MARKER_LINES = [`ignoring garbage: <${MARKER_LINE}>`, 'ignoring garbage: <99 characters>'];

/** A request that both programs log and answer, and that changes nothing. */
const MARKER: TestRequest = {
  time: 0,
  lines: [MARKER_LINE],
  attributes: { request: 'smtpd_access_policy' },
  lineEnd: '\n',
  onNewConnection: false,
};

const COMMANDS: Readonly<Record<Name, readonly string[]>> = {
  postgrey: ['/usr/sbin/postgrey'],
  greyd: [...GREYD_COMMAND, `--user=${process.getuid?.() ?? 0}`, '--allow-test-time'],
};

/** In the directory of the database, which is the program's working directory. */
const WHITELIST_OPTIONS = ['--whitelist-clients=clients', '--whitelist-recipients=recipients'];

function writeWhitelists(dbdir: string, { clients, recipients }: Whitelists): void {
  writeFileSync(join(dbdir, 'clients'), clients);
  writeFileSync(join(dbdir, 'recipients'), recipients);
}

/** postgrey gives up root, and must get to its directory and be able to write there. */
function databaseDirectory(name: Name, folder: string): string {
  const dbdir = join(folder, name);
  mkdirSync(dbdir);
  if (name === 'postgrey') {
    const id = (flag: string) => Number(execFileSync('id', [flag, 'postgrey'], { encoding: 'utf8' }));
    chmodSync(folder, 0o755);
    chownSync(dbdir, id('-u'), id('-g'));
  }
  return dbdir;
}

function canConnect(where: NetConnectOpts): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(where);
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}
