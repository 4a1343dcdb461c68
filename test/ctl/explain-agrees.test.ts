/**
 * greyctl explain agrees with the daemon: on random requests it says beforehand what a running greyd then answers,
 * and the reason that this logs. Both have the same options; the time is that of the requests, so that days pass.
 *
 *   GREYD_EXPLAIN_REQUESTS=100000 GREYD_EXPLAIN_SEED=7 npx vitest run test/ctl/explain-agrees.test.ts
 */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { Daemon, temporaryDirectory } from '../support/daemon.ts';
import { GREYCTL } from '../support/greyctl.ts';
import { type Attributes, requestText } from '../support/policy-client.ts';

const REQUESTS = Number(process.env.GREYD_EXPLAIN_REQUESTS ?? 3000);
const SEED = Number(process.env.GREYD_EXPLAIN_SEED ?? Date.now());
/** So many times as many are asked, if some reason has not come before. */
const MOST = 20;

const DELAY = 300;

/** Under these, each a part of the requests. */
const WORLDS: readonly { readonly options: readonly string[]; readonly reasons?: readonly string[] }[] = [
  { options: [] },
  {
    options: [
      '--auto-whitelist-clients=2',
      '--ipv4cidr=28',
      '--greylist-text=wait %s s, %r',
      '--hostname=mx.example',
    ],
    reasons: ['client AWL'],
  },
  { options: ['--privacy', '--lookup-by-host', '--retry-window=2h', '--max-age=1'] },
  { options: ['--dry-run', '--auto-whitelist-clients=0', '--exim'] },
  {
    options: [
      '--max-new-per-client=2',
      '--max-triplets=15',
      '--greylist-action=450',
      '--max-request-attributes=30',
    ],
    reasons: ['over --max-new-per-client', 'over --max-triplets'],
  },
];

const CLIENT_LIST = `# who needs no greylisting
example.com
192.0.2.128/25
/^mx[0-9]+\\.listed\\.example$/
2001:db8:1::/48
`;
const RECIPIENT_LIST = 'postmaster@\nbob@listed.example\n/^any-/\n';

const client = fc.oneof(
  {
    weight: 20,
    arbitrary: fc.constantFrom(
      '192.0.2.1',
      '192.0.2.2',
      '192.0.2.17',
      '198.51.100.7',
      '2001:db8::5',
      '2001:DB8:0::6',
    ),
  },
  { weight: 2, arbitrary: fc.constantFrom('2001:db8:1::9', '192.0.2.130') },
  { weight: 1, arbitrary: fc.constantFrom('', 'unknown', '192.0.2.256', undefined) },
);
const name = fc.constantFrom(
  'unknown',
  'mail.example.net',
  'a.EXAMPLE.com',
  'mx7.listed.example',
  '',
  undefined,
);
const local = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('alice', 'ALICE') },
  {
    weight: 1,
    arbitrary: fc.constantFrom('bounce-4711-x', 'prvs=1234567890=alice', 'carol+tag=example.org', 'é'),
  },
);
const sender = fc.oneof(
  {
    weight: 9,
    arbitrary: fc.tuple(local, fc.constantFrom('example.net', 'Example.org')).map((at) => at.join('@')),
  },
  { weight: 1, arbitrary: fc.constantFrom('', 'no-domain', 'a@b@example.net', undefined) },
);
const recipient = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom('bob@example.org', 'Bob@Example.Org', 'dave@example.org') },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      'any-one@example.org',
      'postmaster@example.org',
      'bob+x@listed.example',
      'a, b=c@d',
      '',
    ),
  },
);
/** Seconds since the request before; now and then somebody sets the clock back. */
const pause = fc.oneof(
  { weight: 60, arbitrary: fc.constantFrom(0, 0, 1, 5, 20) },
  { weight: 15, arbitrary: fc.constantFrom(DELAY - 1, DELAY, DELAY + 1) },
  { weight: 2, arbitrary: fc.constantFrom(-3600, 3600, 7200) },
  { weight: 1, arbitrary: fc.constantFrom(86_400, 2 * 86_400, 36 * 86_400) },
);
const request = fc.record({
  client_address: client,
  client_name: name,
  sender,
  recipient,
  instance: fc.constantFrom('a', 'b', 'c', '', undefined),
  etrn_domain: fc.constantFrom('', undefined),
  request: fc.oneof(
    { weight: 50, arbitrary: fc.constant('smtpd_access_policy') },
    { weight: 1, arbitrary: fc.constant(undefined) },
  ),
  more: fc.oneof(
    { weight: 9, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: fc.constant('one too many') },
  ),
  pause,
});

/** greyctl explain, asked request by request. */
class Explaining {
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;

  constructor(args: readonly string[]) {
    this.#process = spawn(process.execPath, [GREYCTL, 'explain', '--json', ...args]);
    this.#lines = createInterface(this.#process.stdout)[Symbol.asyncIterator]();
    onTestFinished(() => void this.#process.kill());
  }

  async ask(text: string): Promise<{ answer: string | null; action: string | null; reason: string | null }> {
    this.#process.stdin.write(text);
    const { value, done } = await this.#lines.next();
    if (done) throw new Error('greyctl explain has ended');
    return JSON.parse(value);
  }
}

test.each(WORLDS)('with $options', { timeout: 500_000 }, async ({ options, reasons: special = [] }) => {
  const folder = temporaryDirectory();
  const lists = { clients: join(folder, 'clients'), recipients: join(folder, 'recipients') };
  writeFileSync(lists.clients, CLIENT_LIST);
  writeFileSync(lists.recipients, RECIPIENT_LIST);
  const common = [
    ...[
      '--allow-test-time',
      `--whitelist-clients=${lists.clients}`,
      `--whitelist-recipients=${lists.recipients}`,
    ],
    ...options.filter((option) => option !== '--exim'),
  ];
  const daemon = await Daemon.start(options.includes('--exim') ? [...common, '--exim'] : common);
  const explaining = new Explaining([
    `--dbdir=${daemon.dbdir}`,
    ...common.filter((one) => one !== '--privacy'),
  ]);

  // More, until all that can be decided has been.
  const enough = Math.ceil(REQUESTS / WORLDS.length);
  const all = [
    'client whitelist',
    'recipient whitelist',
    'new',
    'early-retry',
    'triplet found',
    'none',
    ...special,
  ];
  const requests = fc.sample(request, { numRuns: MOST * enough, seed: SEED });
  let now = 1_700_000_000;
  const expected: string[] = [];
  const reasons = new Set<string>();
  let asked = 0;
  for (const [number, { pause: seconds, ...attributes }] of requests.entries()) {
    if (number >= enough && all.every((reason) => reasons.has(reason))) break;
    asked += 1;
    now += seconds;
    const text = requestText({ ...attributes, policy_test_time: now } as Attributes);
    const explanation = await explaining.ask(text);
    const client = await daemon.connect();
    client.send(text);
    const answer = (await client.reply()) ?? null;
    client.close();
    expect(explanation.answer, `request ${number} of seed ${SEED}:\n${text}`).toBe(answer);
    if (explanation.action !== null) expected.push(`${explanation.action}, ${explanation.reason}`);
    reasons.add(explanation.reason?.replace(/ \(.*/, '') ?? 'none');
  }

  await daemon.stop();
  const logged = daemon.logLines.flatMap((line) => {
    const [, action, reason] = /^action=([^,]+), reason=([^,]+),/.exec(line) ?? [];
    return action === undefined ? [] : [`${action}, ${reason}`];
  });
  expect(logged.length).toBeGreaterThan(asked / 2);
  expect(logged, `seed ${SEED}`).toEqual(expected);
  expect([...reasons]).toEqual(expect.arrayContaining(all));
});
