/**
 * The store thread: opens the store and does all work with it for the daemon's main thread, which
 * sends visits and gets verdicts.
 */
import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { errorText } from '../errors/text.ts';
import { hashOf, type Key } from '../greylist/keys.ts';
import { type ClientRecord, isExpired, lifetimeOf, type TripletRecord } from '../greylist/records.ts';
import type { Submission, Visit } from '../greylist/visit.ts';
import { systemClock } from '../service/system-clock.ts';
import { openSharedStore, type SharedStoreSettings } from '../store/redis/open.ts';
import { damageOf } from '../store/sqlite/damage.ts';
import { ReopeningStore } from '../store/sqlite/reopening-store.ts';
import { openSqliteStore } from '../store/sqlite/store.ts';
import type { DaemonStore, RecordStore } from '../store/store.ts';
import { CleaningProgress, runCleaner } from './cleaner.ts';
import { updateWithFormer } from './former-records.ts';
import { Greylister } from './greylister.ts';
import {
  type DecisionBatch,
  type FromThread,
  type StoreFigures,
  type ThreadData,
  type ThreadLogLevel,
  type ToThread,
  unpackVisits,
  type VisitBatch,
  type VisitOutcome,
} from './messages.ts';

/** How often to look for windows, in milliseconds: mail to one passes within a minute. */
const WINDOW_LOOK_MS = 30_000;

interface ThreadStore {
  readonly store: DaemonStore;
  readonly figures: () => StoreFigures;
}

const { dbdir, sharedStore, privacy, lookupByHost, networkLengths, rules, hasProfiles, busyTimeoutMs, pace } =
  workerData as ThreadData;

const say = (level: ThreadLogLevel) => (text: string) => post({ log: level, text });
const hash = (key: Key) => hashOf(key, lookupByHost);
const end = new AbortController();
const ends = new Int32Array((workerData as ThreadData).ending);
const isEnding = () => Atomics.load(ends, 0) === 1;
const { store, figures } = sharedStore === undefined ? openEmbedded() : openShared(sharedStore);
const greylister = new Greylister(privacy ? withFormerRecords(store) : store, rules);

if (hasProfiles) lookForWindows();

/** Learns of windows that greyctl or another host opens; why the store cannot be read is reported elsewhere. */
function lookForWindows(): void {
  const look = () => greylister.lookForWindows().catch(() => {});
  const timer = setInterval(look, WINDOW_LOOK_MS).unref();
  end.signal.addEventListener('abort', () => clearInterval(timer));
  void look();
}

function withFormerRecords(inner: RecordStore): RecordStore {
  const lookup = { byHost: lookupByHost, lengths: networkLengths };
  return {
    update: (keys, step) => updateWithFormer(inner, lookup, keys, step),
    check: () => inner.check(),
  };
}

function openEmbedded(): ThreadStore {
  const embedded = new ReopeningStore({
    path: join(dbdir, 'greyd.db'),
    open: () => openSqliteStore(dbdir, { privacy, hash, busyTimeoutMs, isEnding, report: say('warn') }),
    damageOf,
    report: say('error'),
    clock: systemClock,
  });
  const { now } = systemClock;
  const isOver = (record: TripletRecord | ClientRecord) => isExpired(record, rules, now());
  const log = { notice: say('notice'), warn: say('warn') };
  const progress = new CleaningProgress(embedded, now);
  void runCleaner(progress, { triplet: isOver, client: isOver }, log, pace, end.signal);
  return { store: embedded, figures: () => ({ records: countsOf(embedded), cleaned: progress.cleaned }) };
}

/** Returns the counts, or undefined if they cannot be read: the failure of the store is reported elsewhere. */
function countsOf(embedded: ReopeningStore): StoreFigures['records'] {
  try {
    return embedded.counts();
  } catch {
    return undefined;
  }
}

/** Opens a shared store, which deletes expired records by itself. */
function openShared(settings: SharedStoreSettings): ThreadStore {
  const parts = { dbdir, lifetimes: rules, hash, lifetimeOf, uptime: systemClock.uptime };
  const shared = openSharedStore(settings, { ...parts, privacy, report: say('warn') });
  return { store: shared, figures: () => ({ records: undefined, cleaned: undefined }) };
}

/** Batches without an answer yet. */
const open = new Set<Promise<void>>();

parentPort?.on('message', async (message: ToThread) => {
  if ('end' in message) {
    end.abort();
    await Promise.all(open);
    await store.close();
    parentPort?.close();
    return;
  }
  if ('figures' in message) {
    post({ figures: figures() });
    return;
  }
  const answered = answer(message);
  open.add(answered);
  await answered;
  open.delete(answered);
});

async function answer(message: VisitBatch | DecisionBatch): Promise<void> {
  const { batch } = message;
  try {
    post({ batch, outcomes: await ('visits' in message ? decideAll(message) : save(message)) });
  } catch (error) {
    post({ batch, error: errorText(error) });
  }
}

async function decideAll({ visits }: VisitBatch): Promise<VisitOutcome[]> {
  if (visits.length === 0) await greylister.check();
  return Promise.all(unpackVisits(visits).map(outcomeOf));
}

async function save({ decisions, forgetBefore }: DecisionBatch): Promise<[]> {
  await store.addDecisions(decisions, forgetBefore);
  return [];
}

function outcomeOf(visit: Visit | Submission): Promise<VisitOutcome> {
  return greylister.decide(visit).catch((error) => ({ error: errorText(error) }));
}

function post(message: FromThread): void {
  parentPort?.postMessage(message);
}
