/**
 * Real servers for a shared store, each on a port and in a directory of its own: one, one with replicas
 * under Sentinels, or a Cluster.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { freeServerPort } from './ports.ts';

/** The name of the primary for Sentinels. */
export const PRIMARY_NAME = 'greyd';
/** After so long without an answer a server counts as gone. */
const DOWN_AFTER_MS = 500;
const SENTINELS = 3;
/** The first copy for a replica; otherwise a server waits 5 seconds for others that may want one too. */
const AT_ONCE = ['--repl-diskless-sync-delay', '0'];
/** Between two looks at something that is to happen. */
const LOOK_PAUSE_MS = 20;

/** Takes what is to be done at the end: of a test, unless it is for several. */
export type AtEnd = (end: () => Promise<void>) => void;

/** One process. */
export class RedisServer {
  readonly port: number;
  readonly #dir: string;
  readonly #args: readonly string[];
  #process: ChildProcess;

  private constructor(port: number, dir: string, args: readonly string[]) {
    this.port = port;
    this.#dir = dir;
    this.#args = args;
    this.#process = this.#spawn();
  }

  /** @param args options of redis-server, or its configuration file and those */
  static async start(args: readonly string[] = [], atEnd: AtEnd = onTestFinished): Promise<RedisServer> {
    const dir = mkdtempSync(join(tmpdir(), 'greyd-test-redis-'));
    const server = new RedisServer(await freeServerPort(), dir, args);
    atEnd(async () => {
      await server.kill();
      rmSync(dir, { recursive: true, force: true });
    });
    await server.isAnswering();
    return server;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Returns the output of redis-cli for a command. */
  cli(...command: readonly string[]): string {
    return execFileSync('redis-cli', ['-p', String(this.port), ...command], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  }

  get isPrimary(): boolean {
    return this.cli('INFO', 'replication').includes('role:master');
  }

  /** Returns the number of replicas that are up to date. */
  get onlineReplicas(): number {
    return this.cli('INFO', 'replication').match(/,state=online,/g)?.length ?? 0;
  }

  signal(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  async kill(): Promise<void> {
    if (this.#hasEnded) return;
    const exited = once(this.#process, 'exit');
    this.signal('SIGKILL');
    await exited;
  }

  /** Starts it once more, on what it has saved. */
  async restart(): Promise<void> {
    this.#process = this.#spawn();
    await this.isAnswering();
  }

  isAnswering(): Promise<void> {
    return until(() => {
      if (this.#hasEnded) throw new Error('the server has ended');
      return /^(?:PONG|NOAUTH)/.test(this.#ping());
    });
  }

  get #hasEnded(): boolean {
    return this.#process.exitCode !== null || this.#process.signalCode !== null;
  }

  #ping(): string {
    try {
      return this.cli('PING');
    } catch {
      return '';
    }
  }

  #spawn(): ChildProcess {
    const own = ['--port', String(this.port), '--bind', '127.0.0.1', '--dir', this.#dir, '--save', ''];
    return spawn('redis-server', [...this.#args, ...own, ...AT_ONCE], { stdio: 'ignore' });
  }
}

/** A primary, its replicas and three Sentinels that watch them. */
export class Sentinels {
  readonly servers: readonly RedisServer[];
  readonly sentinels: readonly RedisServer[];

  private constructor(servers: readonly RedisServer[], sentinels: readonly RedisServer[]) {
    this.servers = servers;
    this.sentinels = sentinels;
  }

  static async start(replicas: number, atEnd: AtEnd = onTestFinished): Promise<Sentinels> {
    const primary = await RedisServer.start([], atEnd);
    const servers = [primary];
    for (let number = 0; number < replicas; number += 1) {
      servers.push(await RedisServer.start(['--replicaof', `127.0.0.1 ${primary.port}`], atEnd));
    }
    await until(() => primary.onlineReplicas === replicas);
    const sentinels = await Promise.all(
      Array.from({ length: SENTINELS }, () => startSentinel(primary.port, atEnd)),
    );
    const all = new Sentinels(servers, sentinels);
    const knows = (sentinel: RedisServer, field: string, count: number) =>
      new RegExp(`^${field}\\n${count}$`, 'm').test(sentinel.cli('SENTINEL', 'MASTER', PRIMARY_NAME));
    await until(() =>
      sentinels.every(
        (one) => knows(one, 'num-slaves', replicas) && knows(one, 'num-other-sentinels', SENTINELS - 1),
      ),
    );
    return all;
  }

  get url(): string {
    return `redis-sentinel://${this.sentinels.map(({ port }) => `127.0.0.1:${port}`).join(',')}/${PRIMARY_NAME}`;
  }

  /** The one that the Sentinels name now. */
  get primary(): RedisServer | undefined {
    const [, port] = (
      this.sentinels[0]?.cli('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', PRIMARY_NAME) ?? ''
    ).split('\n');
    return this.servers.find((server) => String(server.port) === port);
  }
}

async function startSentinel(primaryPort: number, atEnd: AtEnd): Promise<RedisServer> {
  const dir = mkdtempSync(join(tmpdir(), 'greyd-test-sentinel-'));
  atEnd(async () => rmSync(dir, { recursive: true, force: true }));
  const file = join(dir, 'sentinel.conf');
  writeFileSync(
    file,
    `sentinel monitor ${PRIMARY_NAME} 127.0.0.1 ${primaryPort} 2
sentinel down-after-milliseconds ${PRIMARY_NAME} ${DOWN_AFTER_MS}
sentinel failover-timeout ${PRIMARY_NAME} 10000
`,
  );
  return RedisServer.start([file, '--sentinel'], atEnd);
}

/** Three primaries, each with so many replicas. */
export class Cluster {
  readonly servers: readonly RedisServer[];

  private constructor(servers: readonly RedisServer[]) {
    this.servers = servers;
  }

  static async start(replicas: number, atEnd: AtEnd = onTestFinished): Promise<Cluster> {
    const servers = await Promise.all(
      Array.from({ length: 3 * (1 + replicas) }, async () => {
        const own = ['--cluster-enabled', 'yes', '--cluster-port', String(await freeServerPort())];
        return RedisServer.start([...own, '--cluster-node-timeout', String(DOWN_AFTER_MS)], atEnd);
      }),
    );
    const [first] = servers;
    if (first === undefined) throw new Error('no server');
    const addresses = servers.map(({ port }) => `127.0.0.1:${port}`);
    first.cli('--cluster', 'create', ...addresses, '--cluster-replicas', String(replicas), '--cluster-yes');
    const cluster = new Cluster(servers);
    await until(() =>
      servers.every(
        (server) =>
          server.cli('CLUSTER', 'INFO').includes('cluster_state:ok') &&
          /role:master|master_link_status:up/.test(server.cli('INFO', 'replication')),
      ),
    );
    await until(() => cluster.primaries.every((one) => one.onlineReplicas === replicas));
    return cluster;
  }

  get url(): string {
    return `redis-cluster://${this.servers.map(({ port }) => `127.0.0.1:${port}`).join(',')}`;
  }

  get primaries(): RedisServer[] {
    return this.servers.filter(({ isPrimary }) => isPrimary);
  }
}

/** Looks again and again; the time-out of the test bounds it. */
export async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await pause(LOOK_PAUSE_MS);
}
