import { createHmac } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { keyedDigest, loadSecret } from '../../src/files/secret-file.ts';
import { temporaryDirectory } from '../support/daemon.ts';

test('the digest is an HMAC of the hash', () => {
  const secret = Buffer.from('secret');
  const hash = '5281d785ecd04f993e29cb1713bfdb07353c30da';
  expect(keyedDigest(secret, hash)).toEqual(createHmac('sha256', secret).update(hash).digest());
});

test('the secret is made once, for its owner alone, and differs between hosts', () => {
  const folder = temporaryDirectory();
  const path = join(folder, 'greyd.secret');
  const secret = loadSecret(path);
  expect(secret).toHaveLength(32);
  expect(loadSecret(path)).toEqual(secret);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(readdirSync(folder)).toEqual(['greyd.secret']);
  expect(loadSecret(join(temporaryDirectory(), 'greyd.secret'))).not.toEqual(secret);
});

test('a file that holds no secret is refused, and kept', () => {
  const path = join(temporaryDirectory(), 'greyd.secret');
  writeFileSync(path, 'abc\n');
  expect(() => loadSecret(path)).toThrow(`${path} holds no secret of 32 bytes in hex`);
  expect(readFileSync(path, 'utf8')).toBe('abc\n');
});

test('a link in the place of the file that becomes the secret is not followed', () => {
  const folder = temporaryDirectory();
  const [path, victim] = [join(folder, 'greyd.secret'), join(folder, 'victim')];
  writeFileSync(victim, 'kept');
  symlinkSync(victim, `${path}.new`);
  expect(loadSecret(path)).toHaveLength(32);
  expect(readFileSync(victim, 'utf8')).toBe('kept');
  expect(lstatSync(path).isFile()).toBe(true);
});
