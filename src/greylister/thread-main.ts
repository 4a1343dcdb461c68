/**
 * The store thread: the store and all that is done with it, for the daemon's main thread, which
 * sends visits and gets judgements.
 */
import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { hashOf } from '../greylist/keys.ts';
import { isExpired } from '../greylist/records.ts';
import { ReopeningStore } from '../store/reopening-store.ts';
import { openSqliteStore } from '../store/sqlite-store.ts';
import { runCleaner } from './cleaner.ts';
import { Greylister, type Visit } from './greylister.ts';
import {
  type FromThread,
  type LogLevel,
  type Outcome,
  type ThreadSettings,
  type ToThread,
  unpackVisits,
  type VisitBatch,
} from './messages.ts';

const { dbdir, privacy, lookupByHost, rules, busyTimeoutMs, pace } = workerData as ThreadSettings;

const say = (level: LogLevel) => (text: string) => post({ log: level, text });
const store = new ReopeningStore({
  path: join(dbdir, 'greyd.db'),
  open: () =>
    openSqliteStore(dbdir, {
      privacy,
      hash: (key) => hashOf(key, lookupByHost),
      busyTimeoutMs,
      report: say('warn'),
    }),
  report: say('error'),
  clock: Date.now,
});
const greylister = new Greylister(store, rules);

const now = () => Math.floor(Date.now() / 1000);
const end = new AbortController();
void runCleaner(
  store,
  {
    triplet: (record) => isExpired(record, rules, now()),
    client: (record) => isExpired(record, rules, now()),
  },
  { notice: say('notice'), warn: say('warn') },
  pace,
  end.signal,
);

/** Batches that are not answered. */
const open = new Set<Promise<void>>();

parentPort?.on('message', async (message: ToThread) => {
  if ('end' in message) {
    end.abort();
    await Promise.all(open);
    await store.close();
    parentPort?.close();
    return;
  }
  const answered = answer(message);
  open.add(answered);
  await answered;
  open.delete(answered);
});

async function answer({ batch, visits }: VisitBatch): Promise<void> {
  try {
    if (visits.length === 0) await greylister.check();
    post({ batch, outcomes: await Promise.all(unpackVisits(visits).map(outcomeOf)) });
  } catch (error) {
    post({ batch, error: textOf(error) });
  }
}

function outcomeOf(visit: Visit): Promise<Outcome> {
  return greylister.judge(visit).catch((error) => ({ error: textOf(error) }));
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function post(message: FromThread): void {
  parentPort?.postMessage(message);
}
