/**
 * npm run package: makes greyd_VERSION_ARCHITECTURE.deb, for this machine's architecture or that of --arch.
 *
 * The content of the package is laid out below build/, with `packaging/debian` beside it, and debhelper does the
 * rest. Two builds of one commit have the same bytes: all times are that of the commit, and npm's lock files say
 * what is taken from the registry.
 *
 * Known limits: the programs of debhelper, dpkg and binutils have to be the same for the same bytes. For another
 * architecture Debian's cross tools are needed, see CONTRIBUTING.md.
 */
import { execFileSync } from 'node:child_process';
import { copyFileSync, cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { bundle, copyLauncher } from './bundle.ts';
import { copyrightText } from './copyright.ts';
import { fetchInputs, type Inputs } from './inputs.ts';

/** Where the package has its own programs. */
const PLACE = '/usr/lib/greyd';

const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };

try {
  const { values } = parseArgs({ options: { arch: { type: 'string' } } });
  await makePackage(values.arch ?? output('dpkg', ['--print-architecture']));
} catch (error) {
  const { code, path, message } = error as NodeJS.ErrnoException;
  const isMissing = code === 'ENOENT' && path?.startsWith('dpkg');
  console.error(`package: ${isMissing ? `${path} is missing: apt-get install debhelper` : message}`);
  process.exitCode = 1;
}

async function makePackage(architecture: string): Promise<void> {
  const work = join('build/package', architecture);
  const source = join(work, `greyd-${version}`);
  rmSync(work, { recursive: true, force: true });
  mkdirSync(source, { recursive: true });

  const inputs = fetchInputs(architecture, join(work, 'inputs'));
  const libraries = await layOutPrograms(inputs, join(source, 'lib'));
  layOutDebianFolder(source, copyrightText([inputs.runtime, inputs.sqlite, ...libraries]));
  // -b: the binary package alone; -d: the build dependencies are those of a native build
  execFileSync('dpkg-buildpackage', ['-b', '-d', '-us', '-uc', `--host-arch=${architecture}`], {
    cwd: source,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const file = `greyd_${version}_${architecture}.deb`;
  copyFileSync(join(work, file), file);
  console.log(`\n${file}`);
}

/** @returns the folders of the libraries that were taken into them */
async function layOutPrograms(inputs: Inputs, lib: string): Promise<string[]> {
  mkdirSync(join(lib, 'bin'), { recursive: true });
  copyFileSync(join(inputs.runtime, 'bin/node'), join(lib, 'node'));
  for (const name of ['greyd.js', 'greyctl.js'])
    copyLauncher(join('bin', name), join(lib, 'bin', name), `${PLACE}/node`);
  copyFileSync('bin/start.js', join(lib, 'bin/start.js'));
  writeFileSync(join(lib, 'package.json'), `${JSON.stringify({ name: 'greyd', version, type: 'module' })}\n`);
  return bundle(inputs.sqliteModule, lib);
}

function layOutDebianFolder(source: string, copyright: string): void {
  for (const name of ['etc', 'man', 'docs', 'README.md', 'CHANGELOG.md', 'CONTRIBUTING.md'])
    cpSync(name, join(source, name), { recursive: true });
  const debian = join(source, 'debian');
  cpSync('packaging/debian', debian, { recursive: true });
  copyFileSync('systemd/greyd.service', join(debian, 'greyd.service'));
  copyFileSync('systemd/greyd.socket', join(debian, 'greyd.socket'));
  copyFileSync('etc/default/greyd', join(debian, 'greyd.default'));
  writeFileSync(join(debian, 'changelog'), changelog());
  writeFileSync(join(debian, 'copyright'), copyright);
}

/** The newest version of CHANGELOG.md, in deb-changelog(5); its time becomes that of all files. */
function changelog(): string {
  const [, newest = ''] = readFileSync('CHANGELOG.md', 'utf8').split(/^## .*$/m);
  const changes = newest
    .trim()
    .replace(/^/gm, '  ')
    .replace(/^ {2}### (.*)$/gm, '  [ $1 ]')
    .replace(/^ {2}- /gm, '  * ')
    .replace(/^ +$/gm, '');
  const [, maintainer] = /^Maintainer: (.+)$/m.exec(readFileSync('packaging/debian/control', 'utf8')) ?? [];
  const time = output('git', ['log', '-1', '--format=%cD']);
  return `greyd (${version}) unstable; urgency=medium\n\n${changes}\n\n -- ${maintainer}  ${time}\n`;
}

function output(program: string, words: readonly string[]): string {
  return execFileSync(program, words, { encoding: 'utf8' }).trim();
}
