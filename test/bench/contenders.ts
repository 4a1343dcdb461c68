/**
 * The programs under comparison, each with its own defaults, in the foreground, its log going to a file:
 * greyd, greyd with --metrics, greyd with --profile=smart, greyd on a shared store, Debian's postgrey, Debian's sqlgrey on SQLite, and the
 * null server.
 *
 * Differs from the defaults: the place to listen, the directory of the database, and the account, which
 * is the one that the package brings, or for greyd the one that runs this.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, closeSync, existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { PolicyClient } from '../support/policy-client.ts';
import { freePort } from '../support/ports.ts';
import { pathOf } from '../support/requirements.ts';
import { Redis } from './redis.ts';

export const NAMES = [
  'greyd',
  'greyd-metrics',
  'greyd-smart',
  'greyd-redis',
  'postgrey',
  'sqlgrey',
  'null',
] as const;
export type Name = (typeof NAMES)[number];

/** What some have beside their database. */
interface Beside {
  /** Where its shared store is. */
  readonly redis: string;
  readonly metricsPort: number;
}

/** A command, to be run in the directory of the database. */
type CommandFor = (dbdir: string, port: number, beside: Beside) => readonly string[];

interface Contender {
  /** Debian's packages that it needs, each with a program of it; none: it is part of this project. */
  readonly programs: Readonly<Record<string, string>>;
  /** The account that its package brings. */
  readonly account?: string;
  readonly command: CommandFor;
  /** It has a shared store. */
  readonly needsRedis?: true;
  /** It has metrics, which are read while it is under load. */
  readonly isScraped?: true;
  /** The files of its database, by their names; none: it has no database. */
  readonly files: readonly string[];
}

const ROOT = new URL('../../../', import.meta.url);
const here = (path: string) => fileURLToPath(new URL(path, ROOT));

const greyd: CommandFor = (dbdir, port) => [
  here('bin/greyd.js'),
  `--inet=127.0.0.1:${port}`,
  `--dbdir=${dbdir}`,
  `--user=${process.getuid?.() ?? 0}`,
  `--whitelist-clients=${here('etc/greyd/whitelist_clients')}`,
  `--whitelist-recipients=${here('etc/greyd/whitelist_recipients')}`,
];

export const CONTENDERS: Readonly<Record<Name, Contender>> = {
  greyd: {
    programs: {},
    command: greyd,
    files: ['greyd.db', 'greyd.db-wal'],
  },
  'greyd-metrics': {
    programs: {},
    command: (dbdir, port, beside) => [
      ...greyd(dbdir, port, beside),
      `--metrics=127.0.0.1:${beside.metricsPort}`,
    ],
    isScraped: true,
    files: ['greyd.db', 'greyd.db-wal'],
  },
  'greyd-smart': {
    programs: {},
    command: (dbdir, port, beside) => [...greyd(dbdir, port, beside), '--profile=smart'],
    files: ['greyd.db', 'greyd.db-wal'],
  },
  'greyd-redis': {
    programs: { 'redis-server': 'redis-server' },
    command: (dbdir, port, beside) => [...greyd(dbdir, port, beside), `--store=${beside.redis}`],
    needsRedis: true,
    files: [],
  },
  postgrey: {
    programs: { postgrey: 'postgrey', 'db-util': 'db_load' },
    account: 'postgrey',
    command: (dbdir, port) => ['postgrey', `--inet=127.0.0.1:${port}`, `--dbdir=${dbdir}`],
    files: ['postgrey.db', 'postgrey_clients.db'],
  },
  sqlgrey: {
    programs: { sqlgrey: 'sqlgrey' },
    account: 'sqlgrey',
    command: (dbdir, port) => {
      const configuration = join(dbdir, 'sqlgrey.conf');
      writeFileSync(
        configuration,
        `db_type = SQLite\ndb_name = sqlgrey.db\ninet = 127.0.0.1:${port}\npidfile = ${dbdir}/pid\n`,
      );
      return ['sqlgrey', '-f', configuration];
    },
    files: ['sqlgrey.db'],
  },
  null: {
    programs: {},
    command: (_, port) => [
      process.execPath,
      fileURLToPath(new URL('null-server.js', import.meta.url)),
      `${port}`,
    ],
    files: [],
  },
};

/** Why one cannot take part, if it cannot. */
export function whyAbsent(name: Name): string | undefined {
  const { programs, account } = CONTENDERS[name];
  for (const [debian, program] of Object.entries(programs)) {
    if (pathOf(program) === undefined)
      return `${name}: ${program} is not installed (apt-get install ${debian})`;
  }
  const isRoot = process.getuid?.() === 0;
  return account === undefined || isRoot
    ? undefined
    : `${name}: it changes its account and wants to be started by root`;
}

/** Makes the directory of a database, for the account that uses it. */
export function makeDirectory(name: Name, path: string): void {
  mkdirSync(path, { recursive: true });
  handOver(name, path);
}

/** Gives files to the account that the program runs as. */
export function handOver(name: Name, ...paths: readonly string[]): void {
  const { account } = CONTENDERS[name];
  if (account === undefined) return;
  const id = (flag: string) => Number(execFileSync('id', [flag, account], { encoding: 'utf8' }));
  for (const path of paths) chownSync(path, id('-u'), id('-g'));
}

/** Of the log of one that does not start. */
const SHOWN_LINES = 5;
const ATTEMPT_PAUSE_MS = 2;
/** Between two requests that wake a program that does not end. */
const WAKE_PAUSE_MS = 500;
/** In a slice whose metrics are read, when that is: while it counts. */
const SCRAPE_AFTER_MS = 300;

/** One that runs. */
export class Running {
  readonly name: Name;
  readonly port: number;
  /** From its start to its first answer, in milliseconds. */
  readonly startMs: number;
  readonly logFile: string;
  /** Triplets of `known` that were asked about. */
  asked = 0;
  readonly #process: ChildProcess;
  readonly #redis: Redis | undefined;
  readonly #metricsPort: number;

  private constructor(
    own: Pick<Running, 'name' | 'port' | 'startMs' | 'logFile'>,
    child: ChildProcess,
    redis: Redis | undefined,
    metricsPort: number,
  ) {
    this.name = own.name;
    this.port = own.port;
    this.startMs = own.startMs;
    this.logFile = own.logFile;
    this.#process = child;
    this.#redis = redis;
    this.#metricsPort = metricsPort;
  }

  /**
   * Starts a program on a database and waits for its first answer.
   * @param launcher a command that runs it in some surroundings
   * @throws (rejects) with the end of its log if it ends before that
   */
  static async start(name: Name, dbdir: string, launcher: readonly string[] = []): Promise<Running> {
    const port = await freePort();
    const contender = CONTENDERS[name];
    const redis = contender.needsRedis ? await Redis.start(dbdir) : undefined;
    const metricsPort = await freePort();
    const beside = { redis: redis?.url ?? '', metricsPort };
    const [command = '', ...args] = [...launcher, ...contender.command(dbdir, port, beside)];
    const logFile = join(dbdir, 'log');
    const log = openSync(logFile, 'a');
    const begin = performance.now();
    const child = spawn(command, args, { cwd: dbdir, stdio: ['ignore', log, log] });
    closeSync(log);
    while (!(await answers(port))) {
      if (child.exitCode !== null || child.signalCode !== null) {
        await redis?.stop();
        throw new Error(`${name} did not start: ${lastLines(logFile)}`);
      }
      await pause(ATTEMPT_PAUSE_MS);
    }
    const startMs = performance.now() - begin;
    return new Running({ name, port, startMs, logFile }, child, redis, metricsPort);
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  /** Has it under some load, and its metrics, if it has any, read once meanwhile. */
  async under<Result>(load: () => Promise<Result>): Promise<Result> {
    if (!CONTENDERS[this.name].isScraped) return load();
    const [result] = await Promise.all([load(), pause(SCRAPE_AFTER_MS).then(() => this.#scrape())]);
    return result;
  }

  async #scrape(): Promise<void> {
    const response = await fetch(`http://127.0.0.1:${this.#metricsPort}/metrics`);
    if (!response.ok || (await response.text()) === '') throw new Error('it shows no metrics');
  }

  /** postgrey may not see the signal until a request wakes it: Perl looks at signals between its operations. */
  async stop(): Promise<void> {
    const ended = once(this.#process, 'exit');
    this.#process.kill('SIGTERM');
    while (this.#process.exitCode === null && this.#process.signalCode === null) {
      await Promise.race([pause(WAKE_PAUSE_MS), ended]);
      await answers(this.port);
    }
    await this.#redis?.stop();
  }
}

function lastLines(path: string): string {
  return existsSync(path)
    ? readFileSync(path, 'utf8').trim().split('\n').slice(-SHOWN_LINES).join(' | ')
    : '';
}

/** Whether a policy request is answered. */
async function answers(port: number): Promise<boolean> {
  try {
    const client = await PolicyClient.connect({ host: '127.0.0.1', port });
    await client.ask({ sender: 'first@example.net' });
    client.close();
    return true;
  } catch {
    return false;
  }
}
