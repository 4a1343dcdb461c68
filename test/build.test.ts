/**
 * The first two minutes: npm run build, and what the programs say if they cannot run as they are. Everything happens in
 * a copy of the tree.
 */
import { execFile, execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

const PROGRAMS = ['greyd', 'greyctl'] as const;
let copy = '';

beforeAll(() => {
  // Below build/, so that libraries can be linked; times are kept, by which a build knows what has changed.
  mkdirSync('build', { recursive: true });
  copy = resolve(mkdtempSync('build/first-minutes-'));
  execFileSync('cp', ['--archive', '--link', 'node_modules', copy]);
  const rest = ['bin', 'dist', 'packaging', 'src', 'package.json', 'package-lock.json'];
  execFileSync('cp', ['--archive', ...rest, 'tsconfig.json', 'tsconfig.build.json', copy]);
});

afterAll(() => rmSync(copy, { recursive: true }));

/** What a program of the copy prints, and its exit status. */
function run(...words: string[]): Promise<{ status: number | string; text: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, words, { cwd: copy }, (error, stdout, stderr) =>
      resolve({ status: error?.code ?? 0, text: stdout + stderr }),
    );
  });
}

const build = () => run('packaging/build.js');
const compiled = () =>
  readdirSync(join(copy, 'dist'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
const printable = () => join(copy, 'dist/log/printable.js');

test('a build of what is built already touches no file', async () => {
  const before = compiled().map((path) => statSync(path).ctimeMs);
  expect(await build()).toEqual({ status: 0, text: '' });
  expect(compiled().map((path) => statSync(path).ctimeMs)).toEqual(before);
});

test('a change reaches dist/, and what did not change stays the same file', async () => {
  const [inode, changed] = ['dist/policy/text.js', 'dist/log/printable.js'].map(
    (path) => statSync(join(copy, path)).ino,
  );
  const source = join(copy, 'src/log/printable.ts');
  writeFileSync(source, `${readFileSync(source, 'utf8')}export const isNew = true;\n`);
  expect(await build()).toEqual({ status: 0, text: '' });
  expect(readFileSync(printable(), 'utf8')).toContain('isNew = true');
  expect(statSync(printable()).ino).not.toBe(changed);
  expect(statSync(join(copy, 'dist/policy/text.js')).ino).toBe(inode);
});

test('an error leaves dist/ as it was', async () => {
  const source = join(copy, 'src/log/printable.ts');
  const good = readFileSync(source, 'utf8');
  const before = compiled();
  writeFileSync(source, `${good}export const isWrong: string = 1;\n`);
  const { status, text } = await build();
  expect(status).toBe(1);
  expect(text).toContain('src/log/printable.ts');
  expect(readFileSync(printable(), 'utf8')).not.toContain('isWrong');
  expect(compiled()).toEqual(before);
  expect(readdirSync(copy).filter((name) => name.startsWith('dist'))).toEqual(['dist']);
  writeFileSync(source, good);
});

test('the output of a source that is gone is removed', async () => {
  const extra = join(copy, 'src/log/extra.ts');
  writeFileSync(extra, 'export const extra = 1;\n');
  await build();
  expect(compiled()).toContain(join(copy, 'dist/log/extra.js'));
  rmSync(extra);
  expect(await build()).toEqual({ status: 0, text: '' });
  expect(compiled()).not.toContain(join(copy, 'dist/log/extra.js'));
});

test.each(PROGRAMS)('%s says which Node.js it needs', async (name) => {
  // Before anything else is loaded, Node.js calls itself that of Debian 12.
  const older = `data:text/javascript,Object.defineProperty(process, 'versions', { value: { node: '18.19.0' } });
    Object.defineProperty(process, 'version', { value: 'v18.19.0' });`;
  expect(await run('--import', older, `bin/${name}.js`, '--version')).toEqual({
    status: 2,
    text: `${name}: Node.js 20 or newer is needed, and this is v18.19.0\n`,
  });
});

test.each(PROGRAMS)('%s says what to do if libraries are missing', async (name) => {
  // Above the copy there are libraries.
  const bare = mkdtempSync(join(tmpdir(), 'greyd-bare-'));
  execFileSync('cp', ['--archive', 'bin', 'dist', 'package.json', bare]);
  const { status, text } = await run(join(bare, `bin/${name}.js`), '--version');
  rmSync(bare, { recursive: true });
  expect(status).toBe(2);
  expect(text).toMatch(new RegExp(`^${name}: Cannot find package '[^']+'; run: npm ci && npm run build\n$`));
});

test('a native module that does not fit is an error that says what to do', async () => {
  const module = join(copy, 'node_modules/better-sqlite3/build/Release/better_sqlite3.node');
  // A link to the one of the tests: it is replaced, not written.
  rmSync(module);
  writeFileSync(module, 'of another Node.js');
  const dbdir = join(copy, 'db');
  mkdirSync(dbdir);
  writeFileSync(join(dbdir, 'greyd.db'), '', { mode: 0o600 });
  const { text } = await run('bin/greyctl.js', 'check', '--defaults=/dev/null', `--dbdir=${dbdir}`);
  expect(text).toMatch(
    /^greyctl: .*: better-sqlite3 does not fit this Node\.js: run npm rebuild better-sqlite3 [^\n]*\n$/,
  );
});

test.each(PROGRAMS)('%s says what to do if it is not built', async (name) => {
  rmSync(join(copy, `dist/${name}.js`));
  expect(await run(`bin/${name}.js`, '--version')).toEqual({
    status: 2,
    text: `${name}: not built yet, run: npm ci && npm run build\n`,
  });
});
