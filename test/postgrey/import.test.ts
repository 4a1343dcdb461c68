/**
 * The move from postgrey to greyd and back, with databases of real size: a postgrey with a million
 * triplets, greyctl import while both run, the same requests to both; greyctl export, and another
 * postgrey on what it wrote.
 */
import { readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { temporaryDirectory } from '../support/daemon.ts';
import { greyctl } from '../support/greyctl.ts';
import { type Attributes, PolicyClient } from '../support/policy-client.ts';
import { canRun } from '../support/requirements.ts';
import {
  CLIENT_RECORDS,
  type DatabaseSettings,
  load,
  makeDatabase,
  randomNumbers,
  tripletOf,
} from './database.ts';
import { type Name, Program } from './program.ts';

const REQUESTS = 5000;
const NOW = Math.floor(Date.now() / 1000);
const ACTIONS = ['DUNNO', 'PREPEND', 'DEFER_IF_PERMIT'];

/** A program and a connection to it. */
interface Running {
  readonly program: Program;
  readonly client: PolicyClient;
}

/** @param database a folder with the files that it is to start with */
async function start(name: Name, options: readonly string[], database?: string): Promise<Running> {
  const program = await Program.start(name, {
    args: options,
    before: ({ dbdir }) => {
      if (database === undefined) return;
      for (const file of readdirSync(database)) renameSync(join(database, file), join(dbdir, file));
    },
  });
  const client = await PolicyClient.connect(program.where);
  onTestFinished(() => client.close());
  return { program, client };
}

/** Requests about triplets that are known, and about new ones, some seconds after one another. */
function requestsAbout(settings: DatabaseSettings, begin: number): Attributes[] {
  const random = randomNumbers(begin);
  let now = begin;
  return Array.from({ length: REQUESTS }, (_, index) => {
    now += Math.floor(random() * 3);
    const triplet = tripletOf(Math.floor(random() * settings.triplets), settings);
    const { client_address, sender, recipient } = triplet;
    return {
      client_address,
      sender,
      recipient: random() < 0.8 ? recipient : `new.${recipient}`,
      instance: `${begin}.${index}`,
      policy_test_time: now,
    };
  });
}

/** The answers of all programs, without the name, version and date that each puts into its header. */
function answersTo(request: Attributes, running: readonly Running[]): Promise<string[]> {
  return Promise.all(
    running.map(async ({ client }) => (await client.ask(request)).replace(/ by (postgrey|greyd)-.*$/, '')),
  );
}

async function expectSameAnswers(
  requests: readonly Attributes[],
  running: readonly Running[],
): Promise<void> {
  const counts = new Map(ACTIONS.map((action) => [action, 0]));
  for (const request of requests) {
    const [first = '', ...others] = await answersTo(request, running);
    expect(others, JSON.stringify(request)).toEqual(others.map(() => first));
    const [action = ''] = first.split(' ');
    counts.set(action, (counts.get(action) ?? 0) + 1);
  }
  // Agreement on one answer to everything would show nothing.
  expect([...counts.keys()]).toEqual(ACTIONS);
  expect(Math.min(...counts.values())).toBeGreaterThan(REQUESTS / 250);
}

/** A database of postgrey of what greyd knows. */
async function exported(greyd: Program, options: readonly string[]): Promise<string> {
  const folder = temporaryDirectory();
  const byHost = options.filter((option) => option === '--lookup-by-host');
  for (const [kind, file] of [
    ['triplets', 'postgrey.db'],
    ['clients', 'postgrey_clients.db'],
  ] as const) {
    const args = ['export', `--dbdir=${greyd.dbdir}`, '--format=postgrey', ...byHost, kind];
    const { status, stdout } = await greyctl(args);
    expect(status).toBe(0);
    await load(join(folder, file), [stdout]);
  }
  return folder;
}

describe.skipIf(!canRun('import tests', { programs: ['postgrey', 'db_load', 'db_dump'], root: true }))(
  'the move from postgrey, and back',
  () => {
    test.each([
      ['a million triplets', 1_000_000, []],
      ['--lookup-by-host', 20_000, ['--lookup-by-host']],
      ['--privacy', 20_000, ['--privacy']],
      ['--privacy and --lookup-by-host', 20_000, ['--privacy', '--lookup-by-host']],
    ])('%s', { timeout: 600_000 }, async (_, triplets, options) => {
      const settings = { triplets, options, now: NOW };
      const database = temporaryDirectory();
      await makeDatabase(database, settings);
      const postgrey = await start('postgrey', options, database);
      const greyd = await start('greyd', options);

      // Records that postgrey learns just before the import are not in its database files yet.
      const fresh = { client_address: '192.0.2.7', sender: 'fresh@example.net' };
      expect(await postgrey.client.ask({ ...fresh, policy_test_time: NOW })).toMatch(/^DEFER_IF_PERMIT /);
      const { dbdir } = greyd.program;
      const imported = await greyctl(['import', `--dbdir=${dbdir}`, postgrey.program.dbdir]);
      expect(imported).toEqual({
        status: 0,
        stdout:
          `triplets: ${triplets + 1} read, ${triplets + 1} new, 0 merged, 0 known already, 0 skipped\n` +
          `clients: ${CLIENT_RECORDS} read, ${CLIENT_RECORDS} new, 0 merged, 0 known already, 0 skipped\n`,
        stderr: '',
      });
      expect(readdirSync(dbdir).filter((name) => name.startsWith('import'))).toEqual([]);
      const both = [postgrey, greyd];
      const passed = 'PREPEND X-Greylist: delayed 301 seconds';
      expect(await answersTo({ ...fresh, policy_test_time: NOW + 301 }, both)).toEqual([passed, passed]);
      await expectSameAnswers(requestsAbout(settings, NOW + 400), both);

      if (options.includes('--privacy')) return;
      const returned = await start('postgrey', options, await exported(greyd.program, options));
      await expectSameAnswers(requestsAbout(settings, NOW + 20_000), [...both, returned]);
    });
  },
);
