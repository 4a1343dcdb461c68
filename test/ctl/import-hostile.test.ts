/**
 * greyctl import over a directory whose account wants to do harm, with a real Berkeley DB: its logs name files
 * elsewhere, its files are links, there is a DB_CONFIG. Nothing outside of the copy is created or changed.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { plainSandbox, rootSandbox } from '../../src/service/sandbox.ts';
import { temporaryDirectory } from '../support/daemon.ts';
import { greyctl } from '../support/greyctl.ts';
import { canRun, pathOf } from '../support/requirements.ts';

const NOBODY = 65534;
const NEEDS = { programs: ['db_recover', 'db_dump', 'db_printlog'], commands: ['perl -MBerkeleyDB -e 1'] };
const AS_ROOT = { ...NEEDS, root: true };

/** Makes databases in an environment, as postgrey does: the folder, then their names. */
const MAKE = `
use BerkeleyDB; use strict;
my ($home, @names) = @ARGV;
my $env = BerkeleyDB::Env->new(-Home => $home,
  -Flags => DB_CREATE|DB_INIT_TXN|DB_INIT_MPOOL|DB_INIT_LOG|DB_INIT_LOCK) or die $BerkeleyDB::Error;
for my $name (@names) {
  my $txn = $env->txn_begin();
  my $db = BerkeleyDB::Btree->new(-Filename => $name, -Flags => DB_CREATE, -Env => $env, -Txn => $txn)
    or die "$name: $BerkeleyDB::Error";
  $db->db_put("192.0.2.0/" . ($ENV{SENDER} // 'alice') . "\\@example.net/bob\\@example.org", "1700000000,1700000500");
  $txn->txn_commit();
}
`;

/** A directory of postgrey whose logs name these files too, all of which are gone now. */
function environmentWith(others: readonly string[] = []): string {
  const folder = temporaryDirectory();
  execFileSync('perl', ['-e', MAKE, folder, 'postgrey.db', ...others]);
  for (const other of others) rmSync(join(other.startsWith('/') ? '/' : folder, other), { force: true });
  return folder;
}

/** A folder that everybody may write to. */
function openFolder(): string {
  const folder = temporaryDirectory();
  chmodSync(folder, 0o777);
  return folder;
}

const leftInPlace = () => readdirSync('/var/tmp').filter((name) => name.startsWith(`greyctl-import-`));

function importFrom(folder: string, dbdir: string) {
  return greyctl(['import', `--dbdir=${dbdir}`, '--defaults=/dev/null', folder]);
}

describe.skipIf(!canRun('import of hostile directories', NEEDS))('a hostile directory', () => {
  test('is not hostile if it is postgrey’s: its logs are replayed', async () => {
    const folder = environmentWith();
    // As a crash leaves it: what was learned last is in the log alone.
    const database = join(folder, 'postgrey.db');
    const before = readFileSync(database);
    execFileSync('perl', ['-e', MAKE, folder, 'postgrey.db'], { env: { ...process.env, SENDER: 'late' } });
    writeFileSync(database, before);
    const { status, stdout } = await importFrom(folder, temporaryDirectory());
    expect([status, stdout]).toEqual([0, expect.stringMatching(/^triplets: 2 read, 2 new/)]);
    expect(readFileSync(database)).toEqual(before);
  });

  test.each([
    ['an absolute path', (target: string) => join(target, 'evil.db')],
    ['a path out of the copy', () => '../evil.db'],
    ['a file beside its own', () => 'greyd.db'],
  ])('%s in a log is refused, and nothing is written there', async (_, nameIn) => {
    const [target, dbdir] = [openFolder(), temporaryDirectory()];
    const folder = environmentWith([nameIn(target)]);
    const { status, stdout, stderr } = await importFrom(folder, dbdir);
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toContain(`greyctl: nothing was imported: a Berkeley DB log in ${folder} names `);
    expect([readdirSync(target), readdirSync(dbdir)]).toEqual([[], []]);
  });

  test('DB_CONFIG does not count', async () => {
    const [folder, target] = [environmentWith(), openFolder()];
    writeFileSync(
      join(folder, 'DB_CONFIG'),
      `set_data_dir ${target}\nset_lg_dir ${target}\nset_tmp_dir ${target}\n`,
    );
    expect((await importFrom(folder, temporaryDirectory())).status).toBe(0);
    expect(readdirSync(target)).toEqual([]);
  });
});

describe.skipIf(!canRun('import of hostile directories as root', AS_ROOT))('as root', () => {
  test('a file of root’s that has another name there is not read', async () => {
    const folder = temporaryDirectory();
    writeFileSync(join(folder, 'secret'), 'secret', { mode: 0o600 });
    const hostile = join(folder, 'postgrey');
    mkdirSync(hostile);
    linkSync(join(folder, 'secret'), join(hostile, 'postgrey.db'));
    chownSync(hostile, NOBODY, NOBODY);
    const { status, stderr } = await importFrom(hostile, temporaryDirectory());
    expect([status, stderr]).toEqual([
      1,
      `greyctl: ${hostile}/postgrey.db belongs to another account, and has a second name (hard link)\n`,
    ]);
  });

  test.each([
    ['a log', 'log.0000000001'],
    ['the clients', 'postgrey_clients.db'],
  ])('a link in the place of %s is not read', async (_, name) => {
    const folder = environmentWith();
    rmSync(join(folder, name), { force: true });
    symlinkSync('/etc/shadow', join(folder, name));
    expect((await importFrom(folder, temporaryDirectory())).stderr).toBe(
      `greyctl: ${folder}/${name} is not a plain file\n`,
    );
  });

  test('more than there is room for is not copied', async () => {
    const folder = environmentWith();
    // It takes no room there.
    truncateSync(join(folder, 'log.0000000001'), 8 * 1024 ** 4);
    const before = leftInPlace();
    const small = [
      'unshare',
      '--mount',
      'sh',
      '-c',
      'mount -t tmpfs -o size=20m,mode=1777 greyd-test /var/tmp && exec "$@"',
      'sh',
    ];
    const [program = '', ...words] = [
      ...small,
      process.execPath,
      'bin/greyctl.js',
      'import',
      `--dbdir=${temporaryDirectory()}`,
      folder,
    ];
    const { status, stderr } = spawnSync(program, words, { encoding: 'utf8' });
    expect([status, stderr]).toEqual([
      1,
      expect.stringMatching(/^greyctl: not enough space in .* for a copy of the database/),
    ]);
    expect(leftInPlace()).toEqual(before);
  });

  test('what one has left that was killed is removed, but nothing of others', async () => {
    const ended = spawnSync('true');
    const [own, foreign] = ['aaaaaa', 'bbbbbb'].map((end) => `/var/tmp/greyctl-import-${ended.pid}-${end}`);
    const victim = temporaryDirectory();
    writeFileSync(join(victim, 'file'), '');
    for (const path of [own, foreign]) {
      mkdirSync(path ?? '');
      symlinkSync(victim, join(path ?? '', 'copies'));
      onTestFinished(() => rmSync(path ?? '', { recursive: true, force: true }));
    }
    chownSync(foreign ?? '', NOBODY, NOBODY);
    expect((await importFrom(environmentWith(), temporaryDirectory())).status).toBe(0);
    expect([own, foreign].map((path) => existsSync(path ?? ''))).toEqual([false, true]);
    expect(readdirSync(victim)).toEqual(['file']);
  });
});

/** Without the look at the names: what the sandbox keeps from happening if that has missed one. */
describe.skipIf(!canRun('the sandbox', AS_ROOT))('in the sandbox db_recover', () => {
  /** All programs that it needs, but not unshare(1). */
  const withoutNamespaces = (): string => {
    const folder = temporaryDirectory();
    chmodSync(folder, 0o755);
    for (const name of ['setpriv', 'prlimit', 'db_recover', 'db_dump', 'db_printlog', 'id', 'cat'])
      symlinkSync(pathOf(name) ?? '', join(folder, name));
    return folder;
  };

  /** The environment of a log that names a file, which is gone now; looked at in a sandbox with these programs. */
  const run = (target: string, path = process.env.PATH) => {
    const folder = temporaryDirectory();
    execFileSync('perl', ['-e', MAKE, folder, 'postgrey.db', target]);
    rmSync(target);
    const before = process.env.PATH;
    process.env.PATH = path;
    try {
      const sandbox = rootSandbox();
      onTestFinished(sandbox.remove);
      for (const name of readdirSync(folder).filter((one) => /^(postgrey|log)/.test(one)))
        writeFileSync(join(sandbox.copies, name), readFileSync(join(folder, name)));
      sandbox.close();
      const [recover, id] = [sandbox.command('db_recover', '-c', '-h', 'FOLDER'), sandbox.command('id')];
      spawnSync(recover.program, recover.args, { ...recover.options, stdio: 'ignore' });
      return { who: spawnSync(id.program, id.args, { ...id.options, encoding: 'utf8' }).stdout };
    } finally {
      process.env.PATH = before;
    }
  };

  test('writes to no file elsewhere, not even where everybody may', () => {
    const target = openFolder();
    const { who } = run(join(target, 'evil.db'));
    expect(who).toMatch(/^uid=6\d{4} gid=6\d{4} groups=6\d{4}\n$/);
    expect(readdirSync(target)).toEqual([]);
  });

  test('has a bound for what it may write, and no privileges', () => {
    const sandbox = rootSandbox();
    onTestFinished(sandbox.remove);
    sandbox.close();
    const limits = sandbox.command('prlimit', '--raw', '--noheadings', '--output=RESOURCE,HARD');
    const { stdout } = spawnSync(limits.program, limits.args, { ...limits.options, encoding: 'utf8' });
    expect(
      Object.fromEntries(
        stdout
          .trim()
          .split('\n')
          .map((line) => line.split(' ')),
      ),
    ).toMatchObject({
      CORE: '0',
      CPU: '3600',
      FSIZE: expect.stringMatching(/^\d+$/),
    });
    const dump = sandbox.command('setpriv', '--dump');
    const said = spawnSync(dump.program, dump.args, { ...dump.options, encoding: 'utf8' }).stdout;
    expect(said).toMatch(/^Supplementary groups: \[none\]$/m);
    expect(said).toMatch(/^no_new_privs: 1$/m);
    expect(said).toMatch(/^Capability bounding set: \[none\]$/m);
  });

  test('without namespaces writes to no folder of root’s', () => {
    const target = temporaryDirectory();
    const { who } = run(join(target, 'evil.db'), withoutNamespaces());
    expect(who).toMatch(/^uid=6\d{4} gid=6\d{4} groups=6\d{4}\n$/);
    expect(readdirSync(target)).toEqual([]);
  });

  test('would have done so outside of it', () => {
    const [target, folder] = [temporaryDirectory(), temporaryDirectory()];
    execFileSync('perl', ['-e', MAKE, folder, 'postgrey.db', join(target, 'evil.db')]);
    rmSync(join(target, 'evil.db'));
    const { program, args, options } = plainSandbox(folder).command('db_recover', '-c', '-h', 'FOLDER');
    spawnSync(program, args, { ...options, stdio: 'ignore' });
    expect(readdirSync(target)).not.toEqual([]);
  });
});
