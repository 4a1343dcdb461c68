/**
 * Half of a million records expire. 500 new mails a second come before, while, and after the program
 * deletes them; how long did the slowest wait?
 *
 * greyd begins a minute after its start. postgrey does it once a day, when a request comes: it is sent one
 * that says, with policy_test_time, that it is tomorrow.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { PolicyClient } from '../support/policy-client.ts';
import { type Name, Running } from './contenders.ts';
import { fill } from './fill.ts';
import type { LoadResult } from './slice.ts';
import { type Load, order } from './turns.ts';

const CONTENT = { triplets: 1_000_000, expired: 500_000 };
const CONNECTIONS = 50;
const REQUESTS_PER_SECOND = 500;
/** What both programs write into their log when they are through with the triplets. */
const FINISHED = /cleaning main database finished\. before: (\d+), after: (\d+)/;
const POLL_MS = 250;
const LIMIT_SECONDS = 600;
/** Under load before the program is told to begin, and after it has finished. */
const BEFORE_MS = 2000;
const AFTER_MS = 2000;

export interface Expiry {
  readonly name: Name;
  /** Records that were deleted. */
  readonly deleted: number;
  /** While requests came. */
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
  const program = await Running.start(name, dbdir);
  try {
    const watched = load.run(
      order(
        program,
        { traffic: 'new', connections: CONNECTIONS },
        { warmUpSeconds: 0, seconds: LIMIT_SECONDS, requestsPerSecond: REQUESTS_PER_SECOND },
      ),
    );
    await pause(BEFORE_MS);
    tell(`expiry, ${name}: waiting until it has deleted ${CONTENT.expired} records`);
    if (name === 'postgrey') void tellTomorrow(program.port);
    const [, before, after] = await logged(program.logFile);
    await pause(AFTER_MS);
    load.stop();
    const { answers, seconds, latency, wrong } = await watched;
    return { name, deleted: Number(before) - Number(after), seconds, answers, latency, wrong };
  } finally {
    await program.stop();
  }
}

async function logged(path: string): Promise<RegExpExecArray> {
  const deadline = performance.now() + LIMIT_SECONDS * 1000;
  while (performance.now() < deadline) {
    const match = FINISHED.exec(readFileSync(path, 'latin1'));
    if (match !== null) return match;
    await pause(POLL_MS);
  }
  throw new Error(`nothing was deleted within ${LIMIT_SECONDS} seconds`);
}

async function tellTomorrow(port: number): Promise<void> {
  const client = await PolicyClient.connect({ host: '127.0.0.1', port });
  const tomorrow = Math.floor(Date.now() / 1000) + 86_400;
  await client.ask({ sender: 'tomorrow@example.net', policy_test_time: tomorrow }).catch(() => {});
  client.close();
}
