import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { formatShort, parseAddress } from '../../src/address/ip.ts';
import { openRecords } from '../../src/ctl/records.ts';
import { formerHashes } from '../../src/greylist/former-keys.ts';
import { clientKey, hashOf, tripletKey } from '../../src/greylist/keys.ts';
import { openSqliteStore } from '../../src/store/sqlite/store.ts';
import { temporaryDirectory } from '../support/daemon.ts';
import { greyctl } from '../support/greyctl.ts';

const sha1 = (text: string) => createHash('sha1').update(text).digest('hex');

function dumpOf(keys: readonly string[], value: string): string {
  return `VERSION=3\nformat=print\ntype=btree\nHEADER=END\n${keys.map((key) => ` ${key}\n ${value}\n`).join('')}DATA=END\n`;
}

interface Dumped {
  readonly triplets?: readonly string[];
  readonly clients?: readonly string[];
  readonly options?: readonly string[];
}

/** Imports both dumps as one stream, and lists what was stored. */
async function imported({ triplets = [], clients = [], options = [] }: Dumped) {
  const dbdir = temporaryDirectory();
  const input = dumpOf(triplets, '1700000000,1700000500') + dumpOf(clients, '7,1700000500');
  const { status, stdout, stderr } = await greyctl(['import', `--dbdir=${dbdir}`, ...options, '-'], {
    input,
  });
  expect([status, stderr]).toEqual([0, '']);
  const store = openRecords(dbdir);
  const stored: string[] = [];
  for (const kind of ['triplet', 'client'] as const) {
    for await (const entries of store.entries(kind)) {
      for (const [key] of entries) {
        stored.push(
          key.kind === 'client'
            ? key.clientAddress
            : [key.clientNetwork, key.sender, key.recipient].join(' '),
        );
      }
    }
  }
  await store.close();
  return { stored, remark: stdout.trim().split('\n').at(-1) };
}

const PLAIN = ['192.0.2.0/a@b/c@d', '192.0.3.0/a@b/c@d', '2001:db8:1:2:0:0:0:0/a@b/c@d'];
const OF_136 = /of postgrey 1\.36: each address has a mask/;

describe('which postgrey has written the keys shows in all of them', () => {
  test.each<[string, Dumped, string[], RegExp]>([
    ['one triplet of 1.36', { triplets: ['192.0.2.0/24/alice@b/c@d'] }, ['192.0.2.0 alice@b c@d'], OF_136],
    [
      'any mask, null senders, slashes',
      { triplets: ['10.0.0.0/8//c@d', '192.0.0.0/16/a/x@b/c/y@d', '2001:db8:0:0:0:0:0:0/48/24/a@b/c@d'] },
      ['10.0.0.0  c@d', '192.0.0.0 a/x@b c/y@d', '2001:db8:0:0:0:0:0:0 24/a@b c@d'],
      OF_136,
    ],
    [
      'clients with a mask, behind a few triplets of 1.37',
      {
        triplets: ['192.0.2.0/24/alice@b/c@d', ...PLAIN],
        clients: ['192.0.2.77/32', '2001:DB8:1:2:0:0:0:5/128'],
      },
      [
        '192.0.2.0 a@b c@d',
        '192.0.2.0 alice@b c@d',
        '192.0.3.0 a@b c@d',
        '2001:db8:1:2:0:0:0:0 a@b c@d',
        '192.0.2.77',
        '2001:db8:1:2:0:0:0:5',
      ],
      OF_136,
    ],
    [
      'a sender of 1.37 that begins like a mask',
      { triplets: ['192.0.2.0/24/alice@b/c@d', ...PLAIN] },
      ['192.0.2.0 24/alice@b c@d', '192.0.2.0 a@b c@d', '192.0.3.0 a@b c@d', '2001:db8:1:2:0:0:0:0 a@b c@d'],
      /of postgrey 1\.37: 1 sender begins like a mask$/,
    ],
    [
      'such a sender alone, where clients have no mask',
      { triplets: ['192.0.2.0/24/alice@b/c@d'], clients: ['192.0.2.77'] },
      ['192.0.2.0 24/alice@b c@d', '192.0.2.77'],
      /of postgrey 1\.37: 1 sender begins/,
    ],
    [
      '1.37 --lookup-by-host, a host whose address ends in 0 among them',
      { triplets: ['192.0.2.0/32/a@b/c@d', '192.0.2.7/32/a@b/c@d'], clients: ['192.0.2.77'] },
      ['192.0.2.0 a@b c@d', '192.0.2.7 a@b c@d', '192.0.2.77'],
      /^clients: 1 read/,
    ],
    [
      'a mask that is too long, or has bits behind it, is a sender',
      { triplets: ['192.0.2.0/33/a@b/c@d', '192.0.2.1/24/a@b/c@d', '192.0.2.0/024/a@b/c@d'] },
      ['192.0.2.0 024/a@b c@d', '192.0.2.0 33/a@b c@d', '192.0.2.1 24/a@b c@d'],
      /^triplets: 3 read/,
    ],
    [
      '1.35 keeps IPv6 triplets by the full address',
      {
        triplets: ['192.0.2.0/a@b/c@d', '2001:db8:1:2:3:4:5:6/x@b/c@d', '2001:db8:1:2::5/a@b/c@d'],
        clients: ['2001:db8:1:2::5', '192.0.2.0/77'],
      },
      [
        '192.0.2.0 a@b c@d',
        '2001:db8:1:2:0:0:0:0 a@b c@d',
        '2001:db8:1:2:0:0:0:0 x@b c@d',
        '192.0.2.77',
        '2001:db8:1:2:0:0:0:5',
      ],
      /of postgrey 1\.35 or older/,
    ],
    [
      'the same by host',
      { triplets: ['2001:db8:1:2::5/a@b/c@d', '192.0.2.7/a@b/c@d'], options: ['--lookup-by-host'] },
      ['192.0.2.7 a@b c@d', '2001:db8:1:2:0:0:0:5 a@b c@d'],
      /of postgrey 1\.35 or older/,
    ],
    [
      '1.37 with networks longer than ours',
      { triplets: ['2001:db8:1:2:3:4:5:0/a@b/c@d', '192.0.2.16/a@b/c@d'] },
      ['192.0.2.16 a@b c@d', '2001:db8:1:2:3:4:5:0 a@b c@d'],
      /^triplets: 2 read/,
    ],
  ])('%s', async (_, dumped, stored, remark) => {
    const result = await imported(dumped);
    expect(result.stored).toEqual(stored);
    expect(result.remark).toMatch(remark);
  });
});

test('records of postgrey 1.36 --privacy are shown and forgotten as the daemon finds them', async () => {
  const dbdir = temporaryDirectory();
  await openSqliteStore(dbdir, { privacy: true, hash: (key) => hashOf(key, false) }).close();
  const dump = dumpOf([sha1('192.0.0.0/16/alice@b/c@d')], '1700000000,1700000500');
  await greyctl(['import', `--dbdir=${dbdir}`, '-'], { input: dump });
  const words = [
    'client_address=192.0.2.7',
    'sender=alice@b',
    'recipient=c@d',
    '--ipv4cidr=16',
    `--dbdir=${dbdir}`,
  ];
  expect((await greyctl(['show', ...words])).stdout).toContain('2023-11-14');
  expect((await greyctl(['forget', ...words])).status).toBe(0);
  expect((await greyctl(['show', ...words])).stdout).not.toContain('2023-11-14');
  expect((await greyctl(['forget', ...words])).status).toBe(1);
});

test('the hashes under which older postgreys keep a visit', () => {
  const address = parseAddress('2001:db8:1:2::5');
  if (address === undefined) throw new Error('no address');
  const lengths = { ipv4: 24, ipv6: 64 };
  const keys = [tripletKey(address, 'a@b', 'c@d', lengths), clientKey(address)];
  expect(formerHashes(keys, { byHost: false, lengths })).toEqual([
    [
      { kind: 'triplet', sha1: sha1('2001:db8:1:2:0:0:0:0/64/a@b/c@d') },
      { kind: 'triplet', sha1: sha1('2001:db8:1:2::5/a@b/c@d') },
    ],
    [
      { kind: 'client', sha1: sha1('2001:DB8:1:2:0:0:0:5/128') },
      { kind: 'client', sha1: sha1('2001:db8:1:2::5') },
    ],
  ]);
});

test.each([
  ['2001:db8:0:0:0:0:0:5', '2001:db8::5'],
  ['2001:db8:0:1:0:0:0:5', '2001:db8:0:1::5'],
  ['0:0:0:0:0:0:0:1', '::1'],
  ['0:0:0:0:0:0:0:0', '::'],
  ['fe80:0:0:0:0:0:0:0', 'fe80::'],
  ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
  ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
  ['10:100:0:0:a0:0:0:0', '10:100:0:0:a0::'],
  ['192.0.2.1', '192.0.2.1'],
])('%s is short %s', (full, short) => {
  const address = parseAddress(full);
  expect(address && formatShort(address)).toBe(short);
});
