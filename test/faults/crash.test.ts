/**
 * SIGKILL again and again, at random moments of the daemon's life, its start among them, while clients
 * send new mails and retries as fast as answers come. All lives share one database.
 *
 *   GREYD_KILLS       how many (60)
 *   GREYD_FAULT_SEED  the moments of an earlier run, as far as time can be repeated
 *
 * Each life has a second of its own, told by policy_test_time, so that an answer shows exactly when
 * the daemon believes a triplet was first seen: the text is the number of seconds missing. Nothing but
 * greyd touches the database between two lives, so that it is greyd that recovers it.
 *
 * Known limit: what a killed process had written is still in the system's memory. That it was on the
 * disk before the answer left is shown in power-cut.test.ts.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { Daemon, temporaryDirectory } from '../support/daemon.ts';
import type { PolicyClient } from '../support/policy-client.ts';
import { randomNumbers } from '../support/random-numbers.ts';

const KILLS = Number(process.env.GREYD_KILLS ?? 60);
const SEED = Number(process.env.GREYD_FAULT_SEED ?? Date.now() % 2 ** 31);

/** One life in so many ends before it serves. */
const STARTS_KILLED = 4;
/** For so long at most a life serves, in milliseconds. */
const MAX_SERVICE_MS = 150;
/** Half of them send new mails only, the others retry those of earlier lives, as far as there are any. */
const CONNECTIONS = 32;

/** In seconds; longer than there are lives, so that each retry comes too early. */
const DELAY = 86_400;
const BEGIN = Math.floor(Date.now() / 1000);
const OPTIONS = [`--delay=${DELAY}`, '--greylist-text=%s', '--allow-test-time', '--quiet'];

const TIMEOUT_MS_PER_KILL = 5000;

class Clients {
  /** Each sender whose mail was ever deferred, and the time of that. */
  readonly firstSeen = new Map<string, number>();
  /** Senders that no later life was asked about. */
  unconfirmed: string[] = [];
  /** Answers that do not fit, in words. */
  readonly wrong: string[] = [];
  retries = 0;
  /** Requests that a kill left without an answer. */
  cutOff = 0;
  #requests = 0;

  /** Asks on all connections until they are closed, or (`wantsNew` false) until there is nothing to retry. */
  async askAll(daemon: Daemon, now: number, wantsNew: boolean): Promise<void> {
    const added: string[] = [];
    await Promise.all(
      Array.from({ length: CONNECTIONS }, async (_, index) => {
        const client = await daemon.connect().catch(() => undefined);
        while (client !== undefined) {
          const isRetry = this.unconfirmed.length > 0 && (index % 2 === 0 || !wantsNew);
          if (!isRetry && !wantsNew) break;
          const answered = await (isRetry ? this.#retry(client, now) : this.#sendNew(client, now, added));
          if (!answered) break;
        }
        client?.close();
      }),
    );
    this.unconfirmed.push(...added);
  }

  async #sendNew(client: PolicyClient, now: number, added: string[]): Promise<boolean> {
    this.#requests += 1;
    const sender = `s${this.#requests}@example.net`;
    const missing = await this.#missing(client, sender, now);
    if (missing === undefined) return false;
    if (missing !== DELAY) this.wrong.push(`${sender} is new, and ${missing} s are missing`);
    this.firstSeen.set(sender, now);
    added.push(sender);
    return true;
  }

  async #retry(client: PolicyClient, now: number): Promise<boolean> {
    const sender = this.unconfirmed.shift() ?? '';
    const missing = await this.#missing(client, sender, now);
    if (missing === undefined) {
      this.unconfirmed.push(sender);
      return false;
    }
    const first = this.firstSeen.get(sender) ?? 0;
    if (missing !== first + DELAY - now)
      this.wrong.push(`${sender} was first seen at ${first}, and at ${now} ${missing} s are missing`);
    this.retries += 1;
    return true;
  }

  /** @returns the seconds that a retry still has to wait, as the answer has it; undefined: there was none */
  async #missing(client: PolicyClient, sender: string, now: number): Promise<number | undefined> {
    const action = await client.ask({ sender, policy_test_time: now }).catch(() => undefined);
    if (action === undefined) {
      this.cutOff += 1;
      return undefined;
    }
    return Number(/^DEFER_IF_PERMIT 4\.2\.0 (\d+)$/.exec(action)?.[1] ?? Number.NaN);
  }
}

test(`after ${KILLS} SIGKILLs all is there that was answered with a deferral, and each start opens the database`, {
  timeout: 60_000 + KILLS * TIMEOUT_MS_PER_KILL,
}, async () => {
  const random = randomNumbers(SEED);
  const dbdir = temporaryDirectory();
  const clients = new Clients();
  let killedInStart = 0;
  let startMs = 0;
  for (let life = 0; life < KILLS; life += 1) {
    const begin = performance.now();
    const daemon = Daemon.launch(OPTIONS, { dbdir });
    if (life > 0 && random() < 1 / STARTS_KILLED) {
      killedInStart += 1;
      setTimeout(() => daemon.kill('SIGKILL'), random() * startMs);
    } else {
      await daemon.serving();
      startMs = performance.now() - begin;
      setTimeout(() => daemon.kill('SIGKILL'), random() * MAX_SERVICE_MS);
      await clients.askAll(daemon, BEGIN + life, true);
    }
    expect(await daemon.exited).toEqual({ status: null, signal: 'SIGKILL' });
    expect(daemon.log, `seed ${SEED}, life ${life}`).toMatch(/^(greyd \S+ listening on \S+\n)?$/);
    expect(clients.wrong, `seed ${SEED}, life ${life}`).toEqual([]);
  }

  const last = await Daemon.start(OPTIONS, { dbdir });
  await clients.askAll(last, BEGIN + KILLS, false);
  expect(await last.stop()).toEqual({ status: 0, signal: null });
  expect(clients.wrong).toEqual([]);
  expect(clients.unconfirmed).toEqual([]);
  // No database was set aside on the way, and what stands in this one is what was answered.
  expect(readdirSync(dbdir).sort()).toEqual(['greyd.db', 'greyd.db-shm', 'greyd.db-wal']);
  const stored = storedTriplets(dbdir);
  expect([...clients.firstSeen].filter(([sender, first]) => stored.get(sender) !== first)).toEqual([]);

  const { firstSeen, retries, cutOff } = clients;
  console.info(
    `crash: seed ${SEED}, ${KILLS} kills, ${killedInStart} of them during the start; ` +
      `${firstSeen.size} mails deferred, 0 forgotten; ${retries} retries, ${cutOff} requests cut off`,
  );
  // The kills came in the middle of work.
  expect(cutOff).toBeGreaterThan(KILLS);
  expect(firstSeen.size).toBeGreaterThan(KILLS);
});

function storedTriplets(dbdir: string): Map<string, number> {
  const database = new Database(join(dbdir, 'greyd.db'), { readonly: true });
  try {
    return new Map(
      database.prepare<[], [string, number]>('SELECT sender, first_seen FROM triplets').raw().all(),
    );
  } finally {
    database.close();
  }
}
