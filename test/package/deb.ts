/**
 * The package that `npm run package` has made last.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { temporaryDirectory } from '../support/daemon.ts';

export const { version: VERSION } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };

export const DEB = `greyd_${VERSION}_amd64.deb`;

/** A field of its control file. */
export const fieldOf = (name: string): string =>
  execFileSync('dpkg-deb', ['--field', DEB, name], { encoding: 'utf8' }).trim();

/**
 * The same package with another version, until the test has ended.
 * @param change is done in the folder with its files
 */
export function otherVersion(version: string, change: (folder: string) => void = () => {}): string {
  const folder = join(temporaryDirectory(), 'package');
  execFileSync('dpkg-deb', ['--raw-extract', DEB, folder]);
  for (const name of ['DEBIAN/control', 'usr/lib/greyd/package.json']) {
    const file = join(folder, name);
    writeFileSync(file, readFileSync(file, 'utf8').replace(VERSION, version));
  }
  change(folder);
  const deb = resolve(folder, '..', `greyd_${version}_amd64.deb`);
  execFileSync('dpkg-deb', ['--build', '--root-owner-group', '-Znone', folder, deb]);
  return deb;
}
