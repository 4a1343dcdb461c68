/**
 * The server of a shared store beside a greyd: Redis as Debian has it, in a directory of its own, with the
 * append-only file that docs/several-mx.md recommends.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { parseRedisUrl } from '../../src/options/store-url.ts';
import { LazyRedisConnection } from '../../src/store/redis/connection.ts';
import type { SharedStoreSettings } from '../../src/store/redis/open.ts';
import { freePort } from '../support/ports.ts';

const LOOK_PAUSE_MS = 20;

export class Redis {
  readonly url: string;
  readonly #process: ChildProcess;

  private constructor(port: number, process: ChildProcess) {
    this.url = `redis://127.0.0.1:${port}`;
    this.#process = process;
  }

  /** Starts it on what is in the directory, and waits until it has read all of that. */
  static async start(dir: string): Promise<Redis> {
    const port = await freePort();
    const options = [
      '--port',
      `${port}`,
      '--bind',
      '127.0.0.1',
      '--dir',
      dir,
      '--save',
      '',
      '--appendonly',
      'yes',
    ];
    const redis = new Redis(port, spawn('redis-server', options, { stdio: 'ignore' }));
    const connection = redis.#connect();
    while (!(await connection.send('', [['PING']]).then(Boolean, () => false))) await pause(LOOK_PAUSE_MS);
    await connection.close();
    return redis;
  }

  get settings(): SharedStoreSettings {
    const location = parseRedisUrl(this.url);
    return {
      connection: { location, password: undefined, ca: undefined, timeoutMs: 60_000 },
      prefix: 'greyd:',
      replicas: 0,
    };
  }

  /** What its data take in memory, in bytes. */
  async usedMemory(): Promise<number> {
    const connection = this.#connect();
    const [text] = await connection.send('', [['INFO', 'memory']]);
    await connection.close();
    return Number(/^used_memory:(\d+)/m.exec(String(text))?.[1]);
  }

  async stop(): Promise<void> {
    const ended = once(this.#process, 'exit');
    this.#process.kill('SIGTERM');
    await ended;
  }

  #connect(): LazyRedisConnection {
    return new LazyRedisConnection(this.settings.connection, () => performance.now());
  }
}
