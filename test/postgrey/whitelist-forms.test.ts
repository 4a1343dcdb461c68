/**
 * Generated whitelists of every form that both programs read alike, reread on SIGHUP, and hosts and
 * recipients in and around them.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { canRun } from '../support/requirements.ts';
import { compare } from './compare.ts';
import { request } from './directed.ts';
import { Pair } from './pair.ts';
import { profile } from './profiles.ts';
import type { Whitelists } from './program.ts';

const LISTS = 250;

const domain = fc
  .array(fc.constantFrom('a', 'mx1', 'B', 'x_y', 'example'), { minLength: 1, maxLength: 3 })
  .map((labels) => labels.join('.'));
const user = fc.constantFrom('bob', 'Bob', 'bob+x', 'b.o', 'o', "o'b");
const byte = fc.constantFrom(1, 2, 3, 127, 128, 255);
const ipv4 = fc.tuple(byte, byte, byte).map(([a, b, c]) => `192.${a}.${b}.${c}`);
const group = fc.constantFrom('0', '1', 'ab', 'AB', '8000', '00ab');
const ipv6 = fc.oneof(
  fc.tuple(group, group).map(([a, b]) => `2001:${a}::${b}`),
  fc.array(group, { minLength: 7, maxLength: 7 }).map((groups) => `2001:${groups.join(':')}`),
);
const regex = fc.constantFrom(
  '/a/',
  '/^a\\./',
  '/example$/',
  '/^mx\\d+\\.(a|b)/',
  '/[[:digit:]]/',
  '/^*\\.example$/',
  '/\\Abo+b\\b/',
  '/^[^@]+@[^.]*$/',
  '/^$/',
  '/(?:^|\\.)x_y/',
  '/B{1,2}/',
);

/** A line as people write them: blanks, comments, CR LF. */
const line = (pattern: fc.Arbitrary<string>) =>
  fc
    .tuple(pattern, fc.constantFrom('', ' ', '\t'), fc.constantFrom('', ' # comment', '#comment', '\r'))
    .map(([text, before, after]) => before + text + after);
/** With a pattern at least: see the difference `reload`. */
const list = (pattern: fc.Arbitrary<string>) =>
  fc.array(line(pattern), { minLength: 1, maxLength: 3 }).map((lines) => lines.join('\n'));

const whitelists: fc.Arbitrary<Whitelists> = fc.record({
  clients: list(
    fc.oneof(
      domain,
      ipv4,
      fc.tuple(ipv4, fc.integer({ min: 1, max: 32 })).map((parts) => parts.join('/')),
      ipv4.map((address) => address.replace(/\.\d+$/, '')),
      ipv6,
      ipv6.map((address) => `[${address}]`),
      fc.tuple(ipv6, fc.integer({ min: 16, max: 128 })).map((parts) => parts.join('/')),
      regex,
    ),
  ),
  recipients: list(
    fc.oneof(
      domain,
      fc.tuple(user, domain).map((parts) => parts.join('@')),
      user.map((name) => `${name}@`),
      regex,
    ),
  ),
});

const probe = fc.record({
  client_name: fc.oneof(domain, fc.constantFrom('', 'unknown', 'a.example.')),
  client_address: fc.oneof(ipv4, ipv6),
  recipient: fc.oneof(
    fc
      .tuple(user, fc.constantFrom('', '', '+', '+z'), domain)
      .map(([name, more, at]) => `${name}${more}@${at}`),
    fc.constantFrom('', 'bob', 'bob@', '@a', 'bob@a@b', 'bob+x@y@a'),
  ),
});

const canCompare = canRun('tests of whitelists', { programs: ['postgrey', 'db_dump'], root: true });

test.skipIf(!canCompare)('lists of every form let the same requests pass', async () => {
  const pair = await Pair.start(profile(['-v', '--auto-whitelist-clients=0']));
  let passed = 0;
  let serial = 0;
  const property = fc.asyncProperty(
    whitelists,
    fc.array(probe, { minLength: 1, maxLength: 12, size: 'max' }),
    async (lists, probes) => {
      await reload(pair, lists);
      serial += 1;
      const requests = probes.map((changes) =>
        request(0, { ...changes, sender: `s-${serial}-x@${serial}.example` }),
      );
      const exchanges = await pair.talk(requests);
      passed += exchanges.filter(({ postgrey }) => postgrey.answer === 'DUNNO').length;
      const { unexplained } = compare(exchanges, pair.profile);
      if (unexplained !== undefined) throw new Error(`${JSON.stringify(lists)}\n${unexplained}`);
    },
  );
  const { failed, errorInstance } = await fc.check(property, { seed: 1, numRuns: LISTS });
  if (failed) throw new Error('the programs differ', { cause: errorInstance });
  // The lists are not beside the point.
  expect(passed).toBeGreaterThan(LISTS);
});

async function reload({ programs }: Pair, lists: Whitelists): Promise<void> {
  for (const program of Object.values(programs)) {
    program.writeWhitelists(lists);
    program.signal('SIGHUP');
  }
  // postgrey rereads them before it answers again, greyd says when it has done so.
  await programs.postgrey.takeLines((text) => text.startsWith('HUP received'));
  await programs.greyd.takeLines((text) => text.startsWith('HUP received'));
  await programs.greyd.takeLines((text) => text.startsWith('whitelists: '));
}
