import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readDaemonDefaults } from '../../src/ctl/defaults-file.ts';
import { temporaryDirectory } from '../support/daemon.ts';

function read(text: string) {
  const path = join(temporaryDirectory(), 'greyd');
  writeFileSync(path, text);
  return readDaemonDefaults(path, (line) => {
    throw new Error(line);
  });
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

test('the password for --store', () => {
  expect(read('GREYD_STORE_PASSWORD="s\\$1"').storePassword).toBe('s$1');
  expect(read('GREYD_STORE_PASSWORD=""').storePassword).toBeUndefined();
});

test('what greyd would not start with is an error that names the file', () => {
  expect(() => read('POSTGREY_OPTS=--delay=soon')).toThrow(
    /greyd: --delay=soon: write a whole number of seconds/,
  );
});
