import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { ChangedFile } from '../../../src/postgrey/migrate/changed-file.ts';
import { readText } from '../../../src/postgrey/migrate/text-file.ts';
import { temporaryDirectory } from '../../support/daemon.ts';
import { canRun } from '../../support/requirements.ts';

const modeOf = (path: string) => statSync(path).mode & 0o7777;

test('a file is as it was, byte by byte, with its mode', () => {
  const path = join(temporaryDirectory(), 'greyd');
  const bytes = Buffer.from([0x41, 0xff, 0x00, 0x0a]);
  writeFileSync(path, bytes);
  chmodSync(path, 0o640);
  const file = new ChangedFile(path);
  file.write('new\n');
  expect(readFileSync(path, 'utf8')).toBe('new\n');
  expect(modeOf(path)).toBe(0o640);
  file.restore();
  expect(readFileSync(path)).toEqual(bytes);
  expect(modeOf(path)).toBe(0o640);
  expect(readdirSync(join(path, '..'))).toEqual(['greyd']);
});

test('a text in Latin-1 stays so, and can be added to', () => {
  const path = join(temporaryDirectory(), 'list');
  const before = Buffer.from('gr\u00fc\u00dfe.example\n', 'latin1');
  writeFileSync(path, before);
  new ChangedFile(path).write(`${readText(path)}caf\u00e9.example\n`);
  expect(readFileSync(path)).toEqual(Buffer.concat([before, Buffer.from('caf\u00e9.example\n', 'latin1')]));
});

test.runIf(process.getuid?.() === 0)('and with its owner', () => {
  const path = join(temporaryDirectory(), 'greyd');
  writeFileSync(path, 'old\n');
  chownSync(path, 12345, 12345);
  const file = new ChangedFile(path);
  file.write('new\n');
  expect(statSync(path).uid).toBe(12345);
  file.restore();
  expect(statSync(path).uid).toBe(12345);
});

test('one that was not there is gone again, with the folders that were made for it', () => {
  const root = temporaryDirectory();
  const path = join(root, 'a/b/conf');
  mkdirSync(join(root, 'a'));
  const file = new ChangedFile(path);
  file.write('new\n');
  expect([modeOf(path), modeOf(join(root, 'a/b'))]).toEqual([0o644, 0o755]);
  file.restore();
  expect(readdirSync(join(root, 'a'))).toEqual([]);
});

test('a link stays one, and what it leads to is written', () => {
  const root = temporaryDirectory();
  const [target, link] = [join(root, 'target'), join(root, 'link')];
  writeFileSync(target, 'old\n');
  symlinkSync(target, link);
  const file = new ChangedFile(link);
  file.write('new\n');
  expect(readFileSync(target, 'utf8')).toBe('new\n');
  file.restore();
  expect(lstatSync(link).isSymbolicLink()).toBe(true);
  expect(readFileSync(target, 'utf8')).toBe('old\n');
});

test('what was not written is not restored', () => {
  const path = join(temporaryDirectory(), 'greyd');
  new ChangedFile(path).restore();
  expect(existsSync(path)).toBe(false);
});

test('nor a file that could not be written, which is unchanged', () => {
  // No file can be made in that folder.
  const file = new ChangedFile('/proc/version');
  expect(() => file.write('new\n')).toThrow();
  expect(() => file.restore()).not.toThrow();
});

test.runIf(canRun('the system calls of a changed file', { root: true, programs: ['strace'] }))(
  'owner and mode go to the file that was made, not to what stands under its name by then',
  () => {
    const root = temporaryDirectory();
    const [path, trace] = [join(root, 'greyd'), join(root, 'trace')];
    writeFileSync(path, 'old\n');
    chownSync(path, 12345, 12345);
    const code = `const { ChangedFile } = await import('${resolve('dist/postgrey/migrate/changed-file.js')}');
      const file = new ChangedFile('${path}'); file.write('new'); file.restore();`;
    const calls = 'chown,lchown,fchown,fchownat,chmod,fchmod,fchmodat,fchmodat2';
    execFileSync('strace', [
      '-f',
      '-o',
      trace,
      `-e`,
      `trace=?${calls.replaceAll(',', ',?')}`,
      process.execPath,
      '--input-type=module',
      '-e',
      code,
    ]);
    const made = readFileSync(trace, 'utf8').match(/\b\w*ch(?:own|mod)\w*(?=\()/g);
    expect(made).toEqual(['fchown', 'fchmod', 'fchown', 'fchmod']);
    expect(statSync(path)).toMatchObject({ uid: 12345, gid: 12345 });
  },
);
