/**
 * Tests what greyctl import must not do, least of all as root: write where somebody else's link leads, hand
 * on what only root may read, save in a form that is not asked for any more, leave copies behind.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { hashOf, type Key } from '../../src/greylist/keys.ts';
import { openSqliteStore, type SqliteStore } from '../../src/store/sqlite/store.ts';
import { put, read, triplet } from '../store/contract.ts';
import { temporaryDirectory } from '../support/daemon.ts';
import { GREYCTL, greyctl } from '../support/greyctl.ts';
import { canRun } from '../support/requirements.ts';

const NOBODY = 65534;
const DUMP = 'VERSION=3\nformat=print\ntype=btree\nHEADER=END\n 192.0.2.0/a@b/c@d\n 1,2\nDATA=END\n';

function openFolder(): string {
  const folder = temporaryDirectory();
  execFileSync('chmod', ['755', folder]);
  return folder;
}

function open(dbdir: string, privacy?: boolean): SqliteStore {
  const store = openSqliteStore(dbdir, { privacy, hash: (key: Key) => hashOf(key, false) });
  onTestFinished(() => store.close());
  return store;
}

describe.skipIf(!canRun('import as root', { root: true }))('as root', () => {
  test('a link in the place of the database is not followed', async () => {
    const folder = openFolder();
    const [dbdir, victim] = [join(folder, 'db'), join(folder, 'victim')];
    writeFileSync(victim, '', { mode: 0o644 });
    mkdirSync(dbdir);
    symlinkSync(victim, join(dbdir, 'greyd.db'));
    chownSync(dbdir, NOBODY, NOBODY);
    for (const args of [
      ['import', `--dbdir=${dbdir}`, '-'],
      ['export', `--dbdir=${dbdir}`, '--format=postgrey', 'triplets'],
    ])
      expect((await greyctl(args, { input: DUMP })).status).toBe(1);
    expect(statSync(victim)).toMatchObject({ size: 0, mode: 0o100644, uid: 0 });
  });

  test.each([
    ['a link', (path: string, target: string) => symlinkSync(target, path)],
    ['a pipe', (path: string) => execFileSync('mkfifo', [path])],
  ])('%s in the place of a file of postgrey is not read', async (_, make) => {
    const [folder, dbdir] = [openFolder(), temporaryDirectory()];
    writeFileSync(join(folder, 'secret'), 'secret', { mode: 0o600 });
    make(join(folder, 'postgrey.db'), join(folder, 'secret'));
    const { status, stderr } = await greyctl(['import', `--dbdir=${dbdir}`, folder]);
    expect([status, stderr]).toEqual([1, `greyctl: ${folder}/postgrey.db is not a plain file\n`]);
    expect(readdirSync(dbdir)).toEqual([]);
  });

  test('a directory is found by a relative path from where its account may not go', async () => {
    const folder = openFolder();
    mkdirSync(join(folder, 'private'), { mode: 0o700 });
    mkdirSync(join(folder, 'db'));
    chownSync(join(folder, 'db'), NOBODY, NOBODY);
    const child = spawn(process.execPath, [GREYCTL, 'import', '--dbdir=../db', '-'], {
      cwd: join(folder, 'private'),
      stdio: ['pipe', 'ignore', 'inherit'],
    });
    child.stdin.end(DUMP);
    expect(await once(child, 'close')).toEqual([0, null]);
    expect(existsSync(join(folder, 'db', 'greyd.db'))).toBe(true);
  });
});

/** The words before those of a program that is not to run as root: root keeps no copies beside the database. */
const AS_NOBODY =
  process.getuid?.() === 0 ? ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'] : [];

/** A folder of that account. */
function nobodysFolder(): string {
  const folder = openFolder();
  if (AS_NOBODY.length > 0) chownSync(folder, NOBODY, NOBODY);
  return folder;
}

function importAsNobody(dbdir: string, folder: string, path: string) {
  const [program = '', ...words] = [
    ...AS_NOBODY,
    process.execPath,
    GREYCTL,
    'import',
    `--dbdir=${dbdir}`,
    folder,
  ];
  return spawn(program, words, { env: { ...process.env, PATH: path }, stdio: 'ignore' });
}

test('what another import has left that was killed is removed, what one needs that runs is not', async () => {
  const [folder, dbdir] = [nobodysFolder(), nobodysFolder()];
  writeFileSync(join(folder, 'postgrey.db'), '');
  const ended = spawn('true');
  await once(ended, 'close');
  const [abandoned, inUse] = [`import-${ended.pid}-abcdef`, `import-${process.pid}-abcdef`];
  for (const name of [abandoned, inUse]) mkdirSync(join(dbdir, name));
  writeFileSync(join(dbdir, abandoned, 'postgrey.db'), 'addresses');
  if (AS_NOBODY.length > 0)
    for (const name of [abandoned, inUse]) chownSync(join(dbdir, name), NOBODY, NOBODY);
  // It fails, for that is no database; but not before that.
  await once(importAsNobody(dbdir, folder, process.env.PATH ?? ''), 'exit');
  expect(readdirSync(dbdir)).toEqual([inUse]);
});

test('an import that was killed for real leaves a copy of the addresses, until the next one', async () => {
  const [folder, dbdir, programs] = [nobodysFolder(), nobodysFolder(), nobodysFolder()];
  writeFileSync(join(folder, 'postgrey.db'), 'addresses');
  const started = join(programs, 'started');
  execFileSync('mkfifo', ['--mode=666', started]);
  // It says that it was started, and does not end by itself.
  writeFileSync(join(programs, 'db_recover'), `#!/bin/sh\necho $$ > '${started}'\nexec sleep 600\n`);
  chmodSync(join(programs, 'db_recover'), 0o755);
  const killed = importAsNobody(dbdir, folder, `${programs}:${process.env.PATH}`);
  const recover = Number(await readFile(started, 'utf8'));
  onTestFinished(() => void process.kill(recover, 'SIGKILL'));
  killed.kill('SIGKILL');
  await once(killed, 'exit');
  const left = readdirSync(dbdir).find((name) => name.startsWith(`import-${killed.pid}-`)) ?? '';
  expect(readFileSync(join(dbdir, left, 'postgrey.db'), 'utf8')).toBe('addresses');
  await once(importAsNobody(dbdir, folder, process.env.PATH ?? ''), 'exit');
  expect(readdirSync(dbdir)).toEqual([]);
});

test('--privacy that is switched on meanwhile ends it: nothing more is saved in plain', async () => {
  const dbdir = temporaryDirectory();
  await open(dbdir, false).close();
  const child = spawn(process.execPath, [GREYCTL, 'import', `--dbdir=${dbdir}`, '-']);
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text;
  });
  const [head = '', tail = ''] = DUMP.split('DATA=END');
  child.stdin.write(head);
  const observer = open(dbdir);
  while ((await entriesOf(observer)) === 0);
  await open(dbdir, true).close();
  child.stdin.end(` 192.0.2.0/late@b/c@d\n 1,2\nDATA=END${tail}`);
  expect(await once(child, 'close')).toEqual([1, null]);
  expect(stderr).toBe('greyctl: greyd was restarted with another --privacy in the meantime: try again\n');
  const bytes = readdirSync(dbdir).map((name) => readFileSync(join(dbdir, name), 'latin1'));
  expect(bytes.join('')).not.toContain('late@b');
});

async function entriesOf(store: SqliteStore): Promise<number> {
  let count = 0;
  for await (const entries of store.entries('triplet')) count += entries.length;
  return count;
}

test('an output that is closed, or full, is no internal error', async () => {
  const dbdir = temporaryDirectory();
  await put(open(dbdir, false), triplet('a'), { first: 1, last: 2 });
  const command = `'${process.execPath}' '${GREYCTL}' export --dbdir='${dbdir}' --format=postgrey triplets 2>&1`;
  const run = (rest: string) => execFileSync('bash', ['-c', `${command} ${rest}`], { encoding: 'utf8' });
  expect(run('>/dev/full; echo $?')).toBe('greyctl: ENOSPC: no space left on device, write\n1\n');
  expect(run('| head -c 0; echo $PIPESTATUS')).toBe('0\n');
  expect(await read(open(dbdir), triplet('a'))).toEqual([{ first: 1, last: 2 }]);
});
