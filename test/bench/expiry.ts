/**
 * Half of a million records expire. While the program deletes them, 500 new mails a second come: how long
 * do they wait?
 *
 * greyd begins a minute after its start. postgrey does it at night, once a day, when a request comes: its
 * clock is set forward to the next night but one.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fakeTimeLauncher, writeOffset } from '../support/fake-time.ts';
import { type Name, Running } from './contenders.ts';
import { fill } from './fill.ts';
import type { Cell } from './plan.ts';
import type { LoadResult } from './slice.ts';
import { type Load, order } from './turns.ts';

const CONTENT = { triplets: 1_000_000, expired: 500_000 };
const CELL: Cell = { traffic: 'new', connections: 50, requestsPerSecond: 500 };
/** What both programs write into their log when they begin, and when they are through with the triplets. */
const BEGUN = /cleaning up old entries/;
const FINISHED = /cleaning main database finished\. before: (\d+), after: (\d+)/;
const POLL_MS = 250;
const LIMIT_SECONDS = 600;
const DAY_MS = 86_400_000;
const NIGHT_HOUR = 4;
/** Under load before the program is told to begin. */
const BEFORE_MS = 2000;

export interface Expiry {
  readonly name: Name;
  /** Records that were deleted. */
  readonly deleted: number;
  /** How long that took, and what was asked meanwhile. */
  readonly seconds: number;
  readonly answers: number;
  readonly latency: LoadResult['latency'];
  readonly wrong: LoadResult['wrong'];
}

export async function watchExpiry(
  name: Name,
  dbdir: string,
  load: Load,
  tell: (text: string) => void,
): Promise<Expiry> {
  await fill(name, dbdir, CONTENT, (done) => {
    if (done % (CONTENT.triplets / 4) === 0) tell(`expiry, ${name}: ${done} triplets`);
  });
  const clock = join(dbdir, 'clock');
  writeOffset(clock, 0);
  const program = await Running.start(name, dbdir, name === 'postgrey' ? fakeTimeLauncher(clock) : []);
  try {
    const watched = load.run(
      order(program, CELL, CONTENT.triplets, { warmUpSeconds: LIMIT_SECONDS, seconds: LIMIT_SECONDS }),
    );
    try {
      await pause(BEFORE_MS);
      tell(`expiry, ${name}: waiting until it has deleted ${CONTENT.expired} records`);
      if (name === 'postgrey') writeOffset(clock, secondsToNight());
      await logged(program.logFile, BEGUN);
      load.signal('count');
      const [, before, after] = await logged(program.logFile, FINISHED);
      load.signal('stop');
      const { answers, seconds, latency, wrong } = await watched;
      return { name, deleted: Number(before) - Number(after), seconds, answers, latency, wrong };
    } finally {
      load.signal('stop');
      await watched;
    }
  } finally {
    await program.stop();
  }
}

async function logged(path: string, line: RegExp): Promise<RegExpExecArray> {
  const deadline = performance.now() + LIMIT_SECONDS * 1000;
  while (performance.now() < deadline) {
    const match = line.exec(readFileSync(path, 'latin1'));
    if (match !== null) return match;
    await pause(POLL_MS);
  }
  throw new Error(`its log has no ${line} after ${LIMIT_SECONDS} seconds`);
}

/** Until 4 o'clock, at least a day from now. */
function secondsToNight(): number {
  const night = new Date(Date.now() + DAY_MS);
  if (night.getHours() >= NIGHT_HOUR) night.setDate(night.getDate() + 1);
  night.setHours(NIGHT_HOUR, 0, 0, 0);
  return Math.round((night.getTime() - Date.now()) / 1000);
}
