/**
 * The commands of greyctl on a million triplets, beside a greyd that answers meanwhile: what they say is right,
 * they take a bounded amount of memory, and no request of greyd's fails. How long they take is measured by
 * `npm run bench -- --greyctl`.
 */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { hashOf } from '../../src/greylist/keys.ts';
import { openSqliteStore } from '../../src/store/sqlite/store.ts';
import { Daemon } from '../support/daemon.ts';
import { GREYCTL, greyctl, type Outcome } from '../support/greyctl.ts';
import { addManyRecords, OF_A_DOMAIN } from '../support/million.ts';
import { MEGABYTE } from '../support/process-status.ts';
import { scriptWords } from '../support/script-words.ts';
import { SteadyLoad } from '../support/steady-load.ts';

const TRIPLETS = 1_000_000;
const CLIENTS = 50_000;
const HOURS = 35 * 24;

/** A command that keeps a million records takes 400 MB. */
const MEMORY_LIMIT = 256 * MEGABYTE;
const MEMORY_TELLER = fileURLToPath(new URL('../support/tell-peak-memory.mjs', import.meta.url));

let dbdir: string;
let daemon: Daemon;
let killDaemon = async () => {};

beforeAll(async () => {
  dbdir = mkdtempSync(join(tmpdir(), 'greyd-test-'));
  await openSqliteStore(dbdir, { privacy: false, hash: (key) => hashOf(key, false) }).close();
  const file = new Database(join(dbdir, 'greyd.db'));
  const now = Math.floor(Date.now() / 1000);
  addManyRecords(file, { triplets: TRIPLETS, clients: CLIENTS, hours: HOURS, now });
  file.close();
  // Nobody looks at time here: a busy machine may hold an answer up.
  daemon = await Daemon.start(['--store-timeout=30'], {
    dbdir,
    atEnd: (end) => {
      killDaemon = end;
    },
  });
});

afterAll(async () => {
  await killDaemon();
  rmSync(dbdir, { recursive: true, force: true });
});

/** Runs a command while the greyd on the same database is asked, and sees to what must hold for each. */
async function beside(args: readonly string[], input = ''): Promise<Outcome> {
  const logged = daemon.log.length;
  const load = new SteadyLoad({ port: daemon.port, requestsPerSecond: 200, connections: 10 });
  await load.progress(10);
  const env = { NODE_OPTIONS: `--import=${MEMORY_TELLER}` };
  const { stderr, ...outcome } = await greyctl([...args, `--dbdir=${dbdir}`], { input, env });
  await load.stop();
  expect(load.actions.filter(([, action]) => action === undefined)).toEqual([]);
  expect(daemon.log.slice(logged)).not.toMatch(/warning|error|failed/i);
  const peaks = [...stderr.matchAll(/^VmHWM:\s+(\d+) kB\n/gm)].map(
    ([, kilobytes]) => Number(kilobytes) * 1024,
  );
  expect(peaks.length).toBeGreaterThan(0);
  expect(Math.max(...peaks)).toBeLessThan(MEMORY_LIMIT);
  return { ...outcome, stderr: stderr.replace(/^VmHWM:.*\n/gm, '') };
}

/** Counts the lines of a list that are of the million: greyd learns others meanwhile. */
function countOld(text: string): number {
  return text.match(/^10\..*$/gm)?.length ?? 0;
}

test('list', async () => {
  const { status, stdout } = await beside(['list']);
  expect(status).toBe(0);
  expect(countOld(stdout)).toBe(TRIPLETS);
});

test.each([
  [['list', 'sender=user249999@domain249.example.net'], 1],
  [['list', 'recipient=box7@example.org'], 200],
  [['list', 'client_address=10.77.0.0/16'], 5000],
  [['list', '--state=waiting', '--order=oldest', '--limit=10000'], 10_000],
  [['search', 'USER249999@'], 1],
  [['search', 'domain249.'], OF_A_DOMAIN.triplets],
])('%j', async (args, count) => {
  const { status, stdout } = await beside(args);
  expect(status).toBe(0);
  expect(countOld(stdout)).toBe(count);
});

test('search for what is nowhere', async () => {
  const stderr = 'greyctl: no such records\n';
  expect(await beside(['search', 'nobody@nowhere'])).toEqual({ status: 1, stdout: '', stderr });
});

test('stats', async () => {
  const { status, stdout } = await beside(['stats', '--json', '--hours=840', '--days=35']);
  expect(status).toBe(0);
  const lines = stdout.trimEnd().split('\n');
  expect(lines).toHaveLength(HOURS + 35 + 1);
  const { records, waited } = JSON.parse(lines.at(-1) ?? '');
  expect(records.triplet.passed).toBe(TRIPLETS / 2);
  expect(records.client).toMatchObject({ 'auto-whitelisted': CLIENTS * 0.8 });
  expect(waited.mails).toBeGreaterThanOrEqual(HOURS * 100 * 20);
});

test('top', async () => {
  const { status, stdout } = await beside(['top', '--json', '--limit=1', 'senders', 'recipients']);
  expect(status).toBe(0);
  const [sender, recipient] = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  const { triplets, waiting } = OF_A_DOMAIN;
  expect(sender).toMatchObject({ of: 'sender domain', triplets, passed: triplets - waiting });
  // The one that greyd is asked about; each of the others has 200.
  expect(recipient.triplets).toBeGreaterThanOrEqual(200);
});

test('show and explain', async () => {
  const words =
    'client_address=10.199.0.9 sender=user199@domain199.example.net recipient=box199@example.org'.split(' ');
  expect(await beside(['show', ...words])).toMatchObject({ status: 0, stdout: /waiting/ });
  const { status, stdout } = await beside(['explain', ...words, '--whitelist-clients=/dev/null']);
  expect(status).toBe(0);
  expect(stdout).toMatch(/triplet found/);
});

test('export', async () => {
  const { status, stdout } = await beside(['export', '--format=postgrey', 'triplets']);
  expect(status).toBe(0);
  expect(stdout.match(/^ 10\./gm)).toHaveLength(TRIPLETS);
  expect(stdout).toMatch(/\nDATA=END\n$/);
});

test('check', async () => {
  const { status, stdout } = await beside(['check', '--json']);
  expect(status).toBe(0);
  const { triplets, clients } = JSON.parse(stdout);
  expect(triplets).toBeGreaterThanOrEqual(TRIPLETS);
  expect(clients).toBe(CLIENTS);
});

test('backup', async () => {
  const copy = join(dbdir, 'copy.db');
  expect(await beside(['backup', copy])).toMatchObject({ status: 0 });
  const file = new Database(copy, { readonly: true });
  const count = file.prepare("SELECT count(*) FROM triplets WHERE client_network LIKE '10.%'").pluck();
  expect(count.get()).toBe(TRIPLETS);
  file.close();
  rmSync(copy);
});

test('import', async () => {
  const pairs = Array.from(
    { length: 20_000 },
    (_, n) => ` 192.0.1.0/s${n}@example.com/r@example.org\n 1,2\n`,
  );
  const dump = `VERSION=3\nformat=print\ntype=btree\nHEADER=END\n${pairs.join('')}DATA=END\n`;
  const { status, stdout } = await beside(['import', '-'], dump);
  expect([status, stdout]).toEqual([0, expect.stringMatching(/20000/)]);
});

test('pass and forget thousands', async () => {
  const { waiting } = OF_A_DOMAIN;
  const passed = await beside(['pass', 'sender=@domain0.example.net']);
  expect([passed.status, passed.stderr]).toEqual([0, `greyctl: ${waiting} records marked as passed\n`]);
  expect(countChanges(passed, 'marked as passed')).toBe(waiting);
  const forgotten = await beside(['forget', 'client_address=10.42.0.0/17']);
  expect([forgotten.status, forgotten.stderr]).toEqual([0, 'greyctl: 2560 records forgotten\n']);
  expect(countChanges(forgotten, 'forgotten')).toBe(2560);
  const left = await beside(['list', 'client_address=10.42.0.0/17']);
  expect(left).toMatchObject({ status: 1, stdout: '' });
});

function countChanges({ stdout }: Outcome, what: string): number {
  return stdout.split('\n').filter((line) => line.startsWith(`${what}: `)).length;
}

/** Starts a command, and reads only the beginning of its output. */
async function stalled(args: readonly string[]): Promise<ChildProcessWithoutNullStreams> {
  const child = spawn(process.execPath, [...scriptWords(GREYCTL), ...args, `--dbdir=${dbdir}`]);
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child.stdout, 'readable');
  return child;
}

/** Tells whether a text occurs in the rest of the output. */
async function hasInRest({ stdout }: ChildProcessWithoutNullStreams, text: string): Promise<boolean> {
  let [isThere, last] = [false, ''];
  for await (const chunk of stdout.setEncoding('utf8')) {
    isThere ||= (last + chunk).includes(text);
    last = String(chunk).slice(-text.length);
  }
  return isThere;
}

test.each([
  [['list'], 'list'],
  [['export', '--format=postgrey', 'triplets'], 'export'],
])('%j prints while it reads, and waits for the reader', async (args, name) => {
  const child = await stalled(args);
  // Behind all others: it is among them only if the walk has not come so far yet.
  const sender = `late@${name}.example`;
  const file = new Database(join(dbdir, 'greyd.db'));
  file.prepare("INSERT INTO triplets VALUES ('99.99.99.0', ?, 'bob@example.org', 1, 1)").run(sender);
  file.close();
  expect(await hasInRest(child, sender)).toBe(true);
});

test('a slow reader does not keep the log of the database from starting again', async () => {
  const sizeAfterLoad = async () => {
    const load = new SteadyLoad({ port: daemon.port, requestsPerSecond: 1000, connections: 50 });
    await load.progress(2000);
    await load.stop();
    return statSync(join(dbdir, 'greyd.db-wal')).size;
  };
  const before = await sizeAfterLoad();
  const child = await stalled(['list']);
  const meanwhile = await sizeAfterLoad();
  child.stdout.destroy();
  expect(meanwhile).toBeLessThan(1.5 * before);
});

test.each([[['list']], [['search', 'example']], [['export', '--format=postgrey', 'triplets']]])(
  '%j ends without a word when its reader goes away',
  async (args) => {
    const child = await stalled(args);
    let errors = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      errors += text;
    });
    child.stdout.destroy();
    expect([...(await once(child, 'close')), errors]).toEqual([0, null, '']);
  },
);
