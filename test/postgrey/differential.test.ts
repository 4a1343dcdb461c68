/**
 * postgrey and greyd, asked the same: generated conversations under every option profile. Answers,
 * log lines and stored records must be the same but for the list in differences.ts.
 *
 *   GREYD_DIFFERENTIAL_REQUESTS   how many requests are compared, over all profiles (6,000)
 *   GREYD_DIFFERENTIAL_SEED       another number, other conversations (1)
 *
 * A failure names the seed and shows the shortest conversation that was found.
 */
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { canRun } from '../support/requirements.ts';
import { compare } from './compare.ts';
import { requestsOf } from './conversation.ts';
import { DIFFERENCES } from './differences.ts';
import { keysOf, NOTING_INTERVAL } from './ledger.ts';
import { Pair } from './pair.ts';
import { allProfiles, type Profile, profileName } from './profiles.ts';
import { greydRecords, postgreyRecords, secretOf, sha1, storedKey } from './records.ts';
import type { TestRequest } from './request.ts';
import { conversationOf, limitsOf } from './traffic.ts';

const REQUESTS = Number(process.env.GREYD_DIFFERENTIAL_REQUESTS ?? 6000);
const SEED = Number(process.env.GREYD_DIFFERENTIAL_SEED ?? 1);
/** Beside the fixed profiles, so many are drawn. */
const DRAWN_PROFILES = 7;
const PROFILES = allProfiles(DRAWN_PROFILES, SEED);
/** Conversations between two looks at the number of requests. */
const ROUND = 2;
/** A shorter conversation is looked for so long; holding two takes less than a second. */
const SHRINK_LIMIT_MS = 30_000;
/** For one profile. */
const TIMEOUT_MS = 300_000 + 2 * SHRINK_LIMIT_MS + REQUESTS;

const explained = new Map<string, number>(DIFFERENCES.map(({ name }) => [name, 0]));
let sent = 0;
let comparedInAll = 0;
const canCompare = canRun('differential tests', { programs: ['postgrey', 'db_dump'], root: true });

describe.skipIf(!canCompare)('generated traffic', () => {
  test.each(PROFILES.map((profile, index) => ({ name: profileName(profile), profile, index })))(
    '$name',
    { timeout: TIMEOUT_MS },
    ({ profile, index }) => converse(profile, index, Math.ceil(REQUESTS / PROFILES.length)),
  );

  test.skipIf(REQUESTS < 6000)('met every difference that can be met so', () => {
    expect(comparedInAll).toBeGreaterThanOrEqual(REQUESTS);
    const unseen = DIFFERENCES.filter(({ inGreyd, parts }) => inGreyd ?? parts).filter(
      ({ name }) => explained.get(name) === 0,
    );
    expect(unseen.map(({ name }) => name)).toEqual([]);
  });

  afterAll(() => {
    const counts = [...explained].filter(([, count]) => count > 0).map(([name, count]) => `${name} ${count}`);
    console.info(
      `differential: ${sent} requests, ${comparedInAll} of them compared, ${PROFILES.length} profiles, seed ${SEED}; explained differences: ${counts.join(', ')}`,
    );
  });
});

/** Holds conversations until so many requests were compared, then compares what is stored. */
async function converse(profile: Profile, index: number, quota: number): Promise<void> {
  const pair = await Pair.start(profile);
  /** Requests of conversations after which the programs know different things. */
  const parted: TestRequest[] = [];
  const context = { delay: profile.options.delay, limits: limitsOf(profile) };
  let asked = 0;
  let compared = 0;
  let serial = 0;
  const conversation = fc.asyncProperty(conversationOf(profile), async (steps) => {
    if (pair.hasEnded) throw new Error('a program has ended before its time');
    serial += 1;
    const requests = requestsOf(steps, serial, context);
    const comparison = compare(await pair.talk(requests), profile);
    asked += requests.length;
    compared += comparison.compared;
    if (comparison.unexplained !== undefined) throw new Error(comparison.unexplained);
    for (const { name } of comparison.explained) explained.set(name, (explained.get(name) ?? 0) + 1);
    if (comparison.haveParted) parted.push(...requests);
  });
  for (let round = 0; compared < quota; round += 1) {
    // Other conversations in each profile, or what one of them misses all would.
    const seed = (SEED * 1_000_003 + index * 10_007 + round) % 2 ** 31;
    const { failed, errorInstance } = await fc.check(conversation, {
      seed,
      numRuns: ROUND,
      interruptAfterTimeLimit: SHRINK_LIMIT_MS,
      markInterruptAsFailure: true,
    });
    if (failed) throw new Error(`seed ${SEED}: the programs differ`, { cause: errorInstance });
  }
  sent += asked;
  comparedInAll += compared;
  await pair.stop();
  expectSameRecords(pair, parted);
}

/** A count and a time; a triplet has two times. */
function isClientRecord(record: unknown): boolean {
  return Number(String(record).split(',')[0]) < 1_000_000;
}

function expectSameRecords({ profile, programs }: Pair, parted: readonly TestRequest[]): void {
  const secret = secretOf(programs.greyd.dbdir, profile);
  const leftOut = new Set(
    parted
      .flatMap((request) => Object.values(keysOf(request, profile.options) ?? {}))
      .map((key) => (secret ? storedKey(sha1(key), secret) : key)),
  );
  const postgrey = postgreyRecords(programs.postgrey.dbdir, secret);
  const greyd = greydRecords(programs.greyd.dbdir, profile);
  const differing = [...new Set([...postgrey.keys(), ...greyd.keys()])]
    .filter((key) => !leftOut.has(key))
    // Without log lines it is not known which clients were counted from the future, see differences.ts.
    .filter(
      (key) => profile.options.logLevel !== 'quiet' || !isClientRecord(postgrey.get(key) ?? greyd.get(key)),
    )
    .filter((key) => !isSameRecord(postgrey.get(key), greyd.get(key), profile.options.delay))
    .map((key) => `${key}: postgrey ${postgrey.get(key)}, greyd ${greyd.get(key)}`);
  expect(differing.slice(0, 10)).toEqual([]);
  expect(postgrey.size).toBeGreaterThan(0);
}

/** The last visit of a triplet that has passed is noted by greyd at most once an hour. */
function isSameRecord(postgrey = '', greyd = '', delay: number): boolean {
  if (postgrey === greyd) return true;
  const [[first = 0, last = 0], [sameFirst = 0, noted = 0]] = [postgrey, greyd].map((numbers) =>
    numbers.split(',').map(Number),
  ) as [number[], number[]];
  // In a client record the first number is a count.
  const isTime = first > NOTING_INTERVAL;
  const hasPassed = noted - first >= delay;
  return isTime && hasPassed && first === sameFirst && noted <= last && last < noted + NOTING_INTERVAL;
}
