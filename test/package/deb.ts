/**
 * The package that `npm run package` has made last.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { temporaryDirectory } from '../support/daemon.ts';
import type { Machine } from './machine.ts';

export const { version: VERSION } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };

export const DEB = `greyd_${VERSION}_amd64.deb`;

/** The same one, made in another place by build-twice.sh. */
export const DEB_FROM_ELSEWHERE = join('build/elsewhere', DEB);

/** Without compression, which takes most of the time of an installation; a new package takes it away with build/. */
const UNCOMPRESSED = join('build/uncompressed', DEB);

/** A field of its control file. */
export const fieldOf = (name: string): string =>
  execFileSync('dpkg-deb', ['--field', DEB, name], { encoding: 'utf8' }).trim();

/** Has apt install it on a machine. @returns what is printed then */
export function installGreyd(machine: Machine): string {
  machine.copyIn(uncompressed());
  return machine.run(`apt-get install -y /root/${DEB}`);
}

/** The package without compression, under the same name. */
export function uncompressed(): string {
  if (!existsSync(UNCOMPRESSED)) {
    mkdirSync(dirname(UNCOMPRESSED), { recursive: true });
    const made = `${UNCOMPRESSED}.${process.pid}`;
    build(unpacked(DEB), made);
    // Tests that run at the same time never see a part of it.
    renameSync(made, UNCOMPRESSED);
  }
  return UNCOMPRESSED;
}

/**
 * The same package with another version, until the test has ended.
 * @param change is done in the folder with its files
 */
export function otherVersion(version: string, change: (folder: string) => void = () => {}): string {
  const folder = unpacked(uncompressed());
  for (const name of ['DEBIAN/control', 'usr/lib/greyd/package.json']) {
    const file = join(folder, name);
    writeFileSync(file, readFileSync(file, 'utf8').replace(VERSION, version));
  }
  change(folder);
  const deb = resolve(folder, '..', `greyd_${version}_amd64.deb`);
  build(folder, deb);
  return deb;
}

/** @returns a folder that is there until the test has ended */
function unpacked(deb: string): string {
  const folder = join(temporaryDirectory(), 'package');
  execFileSync('dpkg-deb', ['--raw-extract', deb, folder]);
  return folder;
}

function build(folder: string, deb: string): void {
  execFileSync('dpkg-deb', ['--build', '--root-owner-group', '-Znone', folder, deb]);
}
