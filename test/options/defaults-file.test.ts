import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readDaemonDefaults, type Starter } from '../../src/options/defaults-file.ts';
import { temporaryDirectory } from '../support/daemon.ts';

function read(text: string, starter: Starter = 'systemd') {
  const path = join(temporaryDirectory(), 'greyd');
  writeFileSync(path, text);
  const told: string[] = [];
  const { given, storePassword } = readDaemonDefaults(path, (line) => void told.push(line), starter);
  return { given, storePassword, told: told.map((line) => line.replace(path, 'FILE')) };
}

test.each([
  ['POSTGREY_OPTS="--delay=60 --dbdir=/a"', { delay: 60, dbdir: '/a' }],
  ['  POSTGREY_OPTS=--delay=60 --dbdir=/a\r\n', { delay: 60, dbdir: '/a' }],
  ["POSTGREY_OPTS='--delay=60'\n# POSTGREY_OPTS=--delay=70", { delay: 60 }],
  ['POSTGREY_OPTS=--delay=60\nPOSTGREY_OPTS=--delay=70', { delay: 70 }],
  ['POSTGREY_OPTS="--delay=60 \\\n  --dbdir=/a"', { delay: 60, dbdir: '/a' }],
  ['POSTGREY_OPTS=--delay=60 \\\n  --dbdir=/a\nOTHER=1', { delay: 60, dbdir: '/a' }],
  ["POSTGREY_OPTS=\"--delay='60' --dbdir='/a b'\"", { delay: 60, dbdir: '/a b' }],
  ['POSTGREY_OPTS=', {}],
  ['POSTGREY_TEXT="say \\"hi\\" %s"', { greylistText: 'say "hi" %s' }],
  ["POSTGREY_TEXT='a \\ b'", { greylistText: 'a \\ b' }],
  ['POSTGREY_TEXT=', {}],
])('%j', (text, given) => {
  expect(read(text).given).toEqual(given);
});

/** The values that an init script gets, and systemd, with the warning if they differ. */
test.each([
  [
    'POSTGREY_OPTS="--delay=199 --max-age=40"\nPOSTGREY_OPTS="$POSTGREY_OPTS --dbdir=/a"',
    { delay: 199, maxAge: 40 * 86_400, dbdir: '/a' },
    { dbdir: '/a' },
    /^FILE:2: systemd and an init script read POSTGREY_OPTS differently .*: write POSTGREY_OPTS="--delay=199 --max-age=40 --dbdir=\/a"$/,
  ],
  [
    'export POSTGREY_OPTS="--delay=60"',
    { delay: 60 },
    {},
    /^FILE:1: systemd and an init script read POSTGREY_OPTS .*: write POSTGREY_OPTS="--delay=60"$/,
  ],
  [
    'POSTGREY_OPTS="--delay=60 --dbdir=/a" # --dbdir=/b',
    { delay: 60, dbdir: '/a' },
    { delay: 60, dbdir: '/b' },
    /^FILE:1: /,
  ],
  ['A=1; POSTGREY_OPTS="--delay=60"', { delay: 60 }, {}, /^FILE:1: .*: write POSTGREY_OPTS="--delay=60"$/],
])('%j of an init script and of systemd', (text, byShell, bySystemd, line) => {
  expect(read(text, 'init script')).toMatchObject({ given: byShell, told: [] });
  expect(read(text)).toMatchObject({ given: bySystemd, told: [expect.stringMatching(line)] });
});

test('what an init script would run is an error there, with its line', () => {
  const text = '# options\nPOSTGREY_OPTS="--hostname=$(cat /etc/mailname)"';
  expect(() => read(text, 'init script')).toThrow(/greyd:2: no command is run here/);
  expect(read(text).told).toEqual([
    expect.stringMatching(/^FILE:2: systemd and an init script read this line differently/),
  ]);
});

test('a password is not printed', () => {
  const { told } = read('A=s3\nGREYD_STORE_PASSWORD="$A"');
  expect(told).toEqual([
    expect.stringMatching(/^FILE:2: systemd and an init script read GREYD_STORE_PASSWORD /),
  ]);
  expect(told.join()).not.toContain('s3');
});

test('the password for --store', () => {
  expect(read('GREYD_STORE_PASSWORD="s\\$1"').storePassword).toBe('s$1');
  expect(read('GREYD_STORE_PASSWORD=""').storePassword).toBeUndefined();
});

test('what greyd would not start with is an error that names the file', () => {
  expect(() => read('POSTGREY_OPTS=--delay=soon')).toThrow(
    /greyd: --delay=soon: write a whole number of seconds/,
  );
});
