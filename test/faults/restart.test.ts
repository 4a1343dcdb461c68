/**
 * Restarts under load. With sockets of the service manager no connection is refused and no request goes
 * without its answer; with its own, greyd refuses connections while it is away, and that is all.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Daemon, temporaryDirectory } from '../support/daemon.ts';
import { freePort } from '../support/ports.ts';
import { canRun } from '../support/requirements.ts';
import { SteadyLoad } from '../support/steady-load.ts';

const RESTARTS = 6;
/** Requests that are answered in between: greyd is under its full load again. */
const BETWEEN_RESTARTS = 250;

/** Starts greyd again whenever it ends, as a service manager does, with the sockets that it was given. */
class Keeper {
  readonly daemon: Daemon;
  readonly #pidfile: string;
  readonly #end: string;
  /** How much of the log was looked at. */
  #seen = 0;

  constructor(args: readonly string[], launcher: readonly string[]) {
    const folder = temporaryDirectory();
    this.#pidfile = join(folder, 'pid');
    this.#end = join(folder, 'end');
    const once = 'sh -c \'LISTEN_PID=$$ exec "$0" "$@"\' "$@"';
    const script = `while [ ! -e '${this.#end}' ]; do ${once} || exit; done`;
    this.daemon = Daemon.launch(['--quiet', `--pidfile=${this.#pidfile}`, ...args], {
      listen: [],
      launcher: [...launcher, 'sh', '-c', script, 'sh'],
    });
    onTestFinished(() => this.stop());
  }

  /** Waits until the next greyd serves. */
  async started(): Promise<void> {
    await this.daemon.logged(/^greyd \S+ listening on /m, this.#seen);
    this.#seen = this.daemon.log.length;
  }

  async restart(): Promise<void> {
    this.#signal();
    await this.started();
  }

  async stop(): Promise<void> {
    writeFileSync(this.#end, '');
    this.#signal();
    await this.daemon.exited;
  }

  #signal(): void {
    try {
      process.kill(Number(readFileSync(this.#pidfile, 'utf8')), 'SIGTERM');
    } catch {
      // The process has ended.
    }
  }
}

/** Restarts greyd again and again while requests come, and ends it. */
async function restartUnderLoad(keeper: Keeper, port: number): Promise<SteadyLoad> {
  const load = new SteadyLoad({ port, requestsPerSecond: 500, connections: 20 });
  await keeper.started();
  for (let count = 0; count < RESTARTS; count += 1) {
    await load.progress(BETWEEN_RESTARTS);
    await keeper.restart();
  }
  await load.progress(BETWEEN_RESTARTS);
  await load.stop();
  await keeper.stop();
  console.info(
    `${RESTARTS} restarts, ${load.actions.length} requests, ${load.refused} connections refused, ` +
      `${load.reopened} opened again, latency ${load.latency(0.5).toFixed()} ms (median), ` +
      `${load.latency(0.99).toFixed()} ms (p99), ${load.latency(1).toFixed()} ms (worst)`,
  );
  return load;
}

/** No request that was sent went without its answer, and none of what was answered is missing. */
function expectNothingLost({ daemon }: Keeper, { actions }: SteadyLoad): void {
  expect(
    actions.filter(([, action]) => action === undefined),
    daemon.log,
  ).toEqual([]);
  expect(
    actions.filter(([, action]) => !action?.startsWith('DEFER_IF_PERMIT ')),
    daemon.log,
  ).toEqual([]);
  const database = new Database(join(daemon.dbdir, 'greyd.db'), { readonly: true });
  const stored = database.prepare('SELECT count(*) FROM triplets').pluck().get();
  database.close();
  expect(stored).toBe(new Set(actions.map(([sender]) => sender)).size);
}

describe('restarts under 500 requests per second', () => {
  test.skipIf(!canRun('restart test', { programs: ['systemd-socket-activate'] }))(
    'with a socket of the service manager: no connection is refused, every request is answered',
    async () => {
      const port = await freePort();
      const inet = `127.0.0.1:${port}`;
      const keeper = new Keeper([`--inet=${inet}`], ['systemd-socket-activate', `--listen=${inet}`]);
      await keeper.daemon.logged(/^Listening on /m);
      const load = await restartUnderLoad(keeper, port);
      expectNothingLost(keeper, load);
      expect(load.refused).toBe(0);
      // Otherwise it was no restart that the clients could see.
      expect(load.reopened).toBeGreaterThanOrEqual(RESTARTS);
    },
  );

  test('with a socket of its own: every request that was sent is answered', async () => {
    const port = await freePort();
    const keeper = new Keeper([`--inet=127.0.0.1:${port}`], []);
    const load = await restartUnderLoad(keeper, port);
    expectNothingLost(keeper, load);
    expect(load.refused).toBeGreaterThan(0);
  });
});
