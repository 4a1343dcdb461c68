/**
 * The move from a postgrey whose keys are not those of 1.37, and back: 1.36 of Debian 11, as a black box. It learns by
 * requests; greyctl import while it runs; the same requests to both; greyctl export, and another 1.36 on what that wrote.
 */
import { execFileSync } from 'node:child_process';
import { readdirSync, renameSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { temporaryDirectory } from '../support/daemon.ts';
import { greyctl } from '../support/greyctl.ts';
import { type Attributes, PolicyClient } from '../support/policy-client.ts';
import { canRun } from '../support/requirements.ts';
import { load } from './database.ts';
import { type Name, Program } from './program.ts';

const FORMER = '/opt/postgrey-1.36/usr/sbin/postgrey';
const NEEDS = {
  programs: ['postgrey', 'db_load', 'db_dump'],
  root: true,
  commands: [`${FORMER} --version | grep -q '1.36$'`],
};

const NOW = Math.floor(Date.now() / 1000);
const HOUR = 3600;
const BOB = 'bob@example.org';

interface Running {
  readonly program: Program;
  readonly client: PolicyClient;
}

async function start(name: Name, args: readonly string[], database?: string): Promise<Running> {
  const program = await Program.start(name, {
    args,
    ...(name === 'postgrey' && { command: [FORMER] }),
    before: ({ dbdir }) => {
      if (database === undefined) return;
      for (const file of readdirSync(database)) renameSync(join(database, file), join(dbdir, file));
    },
  });
  const client = await PolicyClient.connect(program.where);
  onTestFinished(() => client.close());
  return { program, client };
}

/** Mail that is known for some days: passed, waiting, given up; of IPv4 and IPv6; two clients on the auto-whitelist. */
function history(): Attributes[] {
  const begin = NOW - 100 * HOUR;
  const visits = ['192.0.2.77', '2001:db8:1:2::5', '2001:db8:1:2:211:22ff:fe33:4455'].flatMap(
    (client_address) => [
      ...['alice', 'news+7', '24/slash', 'list-4711'].flatMap((user) => [
        { client_address, sender: `${user}@example.net`, policy_test_time: begin },
        { client_address, sender: `${user}@example.net`, policy_test_time: begin + 400 },
      ]),
      { client_address, sender: '', policy_test_time: begin },
      { client_address, sender: '', policy_test_time: begin + 301 },
      { client_address, sender: 'late@example.net', policy_test_time: NOW - 200 },
      { client_address, sender: 'gone@example.net', policy_test_time: begin },
    ],
  );
  const often = ['203.0.113.5', '2001:db8:9::7'].flatMap((client_address) =>
    ['a', 'b', 'c', 'd', 'e'].flatMap((name, index) =>
      [0, 400].map((later) => ({
        client_address,
        sender: `${name}@example.com`,
        policy_test_time: begin + 2 * HOUR * (index + 1) + later,
      })),
    ),
  );
  return [...visits, ...often].map((visit) => ({ recipient: BOB, ...visit }));
}

/** Writes a number in letters: digits would become `#` in a sender. */
const letters = (number: number) =>
  String(number).replace(/\d/g, (digit) => 'abcdefghij'[Number(digit)] ?? '');

/** About what is known, from the same hosts and from others in their networks, and about what nobody knows. */
function questions(now: number): Attributes[] {
  const hosts = [
    '192.0.2.77',
    '192.0.2.9',
    '192.0.9.9',
    '2001:db8:1:2::5',
    '2001:db8:1:2::9',
    '2001:db8:1:9::9',
  ];
  const known = ['alice', 'news+99', '24/slash', 'list-1', 'late', 'gone', `stranger.${letters(now)}`].map(
    (user) => `${user}@example.net`,
  );
  const mails = hosts.flatMap((client_address) =>
    ['', ...known].map((sender) => ({ client_address, sender })),
  );
  const others = [
    '203.0.113.5',
    '203.0.113.6',
    '2001:db8:9::7',
    '2001:db8:9::8',
    '2001:db8:1:2:211:22ff:fe33:4455',
  ];
  const often = others.map((client_address) => ({ client_address, sender: 'whoever@example.com' }));
  return [...mails, ...often].map((mail, index) => ({
    ...mail,
    recipient: BOB,
    instance: `${now}.${index}`,
    policy_test_time: now + index,
  }));
}

async function expectSameAnswers(now: number, running: readonly Running[]): Promise<void> {
  const seen = new Set<string>();
  for (const request of questions(now)) {
    const answers: string[] = [];
    for (const { client } of running)
      answers.push((await client.ask(request)).replace(/ by (postgrey|greyd)-.*$/, ''));
    const [first = '', ...others] = answers;
    expect(others, JSON.stringify(request)).toEqual(others.map(() => first));
    seen.add(first.split(' ')[0] ?? '');
  }
  // Agreement on one answer to everything would show nothing.
  expect([...seen]).toEqual(expect.arrayContaining(['DUNNO', 'DEFER_IF_PERMIT']));
}

/** Where 1.36 is the postgrey that is installed. */
const ITS_PATH = { PATH: `${dirname(FORMER)}:${process.env.PATH}` };

async function exported(dbdir: string, options: readonly string[]): Promise<string> {
  const folder = temporaryDirectory();
  for (const [kind, file] of [
    ['triplets', 'postgrey.db'],
    ['clients', 'postgrey_clients.db'],
  ] as const) {
    const args = ['export', `--dbdir=${dbdir}`, '--format=postgrey', ...options, kind];
    const { status, stdout, stderr } = await greyctl(args, { env: ITS_PATH });
    expect([status, stderr]).toEqual([0, 'greyctl: writing keys in the format of postgrey 1.36\n']);
    await load(join(folder, file), [stdout]);
  }
  return folder;
}

const keysOf = (dbdir: string, file: string) =>
  execFileSync('db_dump', ['-p', join(dbdir, file)], { encoding: 'utf8' });

describe.skipIf(!canRun('the move from postgrey 1.36', NEEDS))(
  'the move from postgrey 1.36, and back',
  () => {
    test.each([
      ['as it comes', [], / 192\.0\.2\.0\/24\/alice@/],
      ['--ipv4cidr=16', ['--ipv4cidr=16', '--ipv6cidr=48'], / 192\.0\.0\.0\/16\/alice@/],
      ['--lookup-by-host', ['--lookup-by-host'], / 2001:db8:1:2:0:0:0:5\/128\/alice@/],
      ['--privacy', ['--privacy'], / [0-9a-f]{40}\n/],
      ['--privacy --ipv4cidr=16', ['--privacy', '--ipv4cidr=16'], / [0-9a-f]{40}\n/],
      ['--privacy --lookup-by-host', ['--privacy', '--lookup-by-host'], / [0-9a-f]{40}\n/],
    ])('%s', async (_, options, key) => {
      const postgrey = await start('postgrey', options);
      for (const visit of history()) await postgrey.client.ask(visit);
      const greyd = await start('greyd', options);
      const { dbdir } = greyd.program;
      // Its database says whether it has --privacy once it has answered.
      await greyd.client.ask({ sender: 'first@example.net', recipient: BOB, policy_test_time: NOW });

      const lookup = options.filter((option) => option !== '--privacy');
      const imported = await greyctl(['import', `--dbdir=${dbdir}`, ...lookup, postgrey.program.dbdir]);
      expect(imported).toMatchObject({ status: 0, stderr: '' });
      expect(imported.stdout).toMatch(
        /^triplets: (\d+) read, \1 new, .* 0 skipped\nclients: 5 read, 5 new, .* 0 skipped\n/,
      );
      await expectSameAnswers(NOW + 200, [postgrey, greyd]);
      // The records found are greyd's own now, and the first visit counts as before.
      await expectSameAnswers(NOW + 2 * HOUR, [postgrey, greyd]);

      if (options.includes('--privacy')) return;
      const database = await exported(dbdir, options);
      expect(keysOf(database, 'postgrey.db')).toMatch(key);
      expect(keysOf(database, 'postgrey_clients.db')).toContain(' 203.0.113.5/32\n');
      const returned = await start('postgrey', options, database);
      await expectSameAnswers(NOW + 10 * HOUR, [postgrey, greyd, returned]);
    });
  },
);
