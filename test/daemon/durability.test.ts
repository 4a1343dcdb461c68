/**
 * A deferral is on disk when it is answered, whatever happens to the process.
 */
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { Daemon } from '../support/daemon.ts';

const CONNECTIONS = 20;
const TRIPLETS = 1000;

function storedSenders(dbdir: string): Set<string> {
  const database = new Database(join(dbdir, 'greyd.db'), { readonly: true });
  try {
    return new Set(database.prepare<[], string>('SELECT sender FROM triplets').pluck().all());
  } finally {
    database.close();
  }
}

test('killed with SIGKILL right after the 1,000th answer, it has all of them after a restart', async () => {
  const daemon = await Daemon.start();
  const answered: string[] = [];
  const clients = await Promise.all(Array.from({ length: CONNECTIONS }, () => daemon.connect()));
  const ask = async (client: (typeof clients)[number], connection: number) => {
    // Goes on until the kill, so that it comes in the middle of work.
    for (let mail = 0; ; mail += 1) {
      const sender = `s${connection}x${mail}@example.net`;
      const action = await client.ask({ sender }).catch(() => undefined);
      if (action === undefined) return;
      expect(action).toMatch(/^DEFER_IF_PERMIT /);
      answered.push(sender);
      if (answered.length === TRIPLETS) daemon.kill('SIGKILL');
    }
  };
  await Promise.all(clients.map(ask));
  expect(await daemon.exited).toEqual({ status: null, signal: 'SIGKILL' });
  expect(answered.length).toBeGreaterThanOrEqual(TRIPLETS);

  const restarted = await Daemon.start([], { dbdir: daemon.dbdir });
  const stored = storedSenders(daemon.dbdir);
  expect(answered.filter((sender) => !stored.has(sender))).toEqual([]);
  expect(await restarted.ask({ sender: answered[TRIPLETS - 1] })).toMatch(/^DEFER_IF_PERMIT /);
  await restarted.logged(/action=greylist, reason=(new|early-retry)/);
  expect(storedSenders(daemon.dbdir).size).toBe(stored.size);
});
