/**
 * The package itself: what it depends on, what lintian says of it, and that a build elsewhere has the same bytes.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryDirectory } from '../support/daemon.ts';
import { linksOf } from '../support/markdown.ts';
import { canRun } from '../support/requirements.ts';
import { DEB, DEB_FROM_ELSEWHERE, fieldOf, VERSION } from './deb.ts';

const HAS_TOOLS = canRun('the package', { programs: ['dpkg-deb', 'dpkg-buildpackage', 'dh', 'lintian'] });
const HAS_ANOTHER = canRun('the package of another place', { commands: [`test -e ${DEB_FROM_ELSEWHERE}`] });

test.runIf(HAS_TOOLS)('depends on what its binaries are linked with, and on nothing else', () => {
  expect(fieldOf('Version')).toBe(VERSION);
  expect(fieldOf('Pre-Depends')).toBe('');
  expect(fieldOf('Recommends')).toBe('');
  const names = fieldOf('Depends')
    .split(', ')
    .map((dependency) => dependency.split(' ')[0]);
  expect(names).toEqual(['libc6', 'libgcc-s1', 'libstdc++6']);
});

test.runIf(HAS_TOOLS)('has what an administrator looks for', () => {
  const files = listOfFiles();
  for (const file of [
    'etc/default/greyd',
    'etc/greyd/client_names',
    'etc/greyd/whitelist_clients',
    'etc/greyd/whitelist_recipients',
    'etc/init.d/greyd',
    'etc/logcheck/ignore.d.server/greyd',
    'usr/lib/systemd/system/greyd.service',
    'usr/lib/systemd/system/greyd.socket',
    'usr/sbin/greyctl',
    'usr/sbin/greyd',
    'usr/share/bash-completion/completions/greyctl',
    'usr/share/bash-completion/completions/greyd',
    'usr/share/man/man5/greyd_whitelist.5.gz',
    'usr/share/man/man8/greyctl.8.gz',
    'usr/share/man/man8/greyd.8.gz',
  ])
    expect(files.split('\n')).toContain(`./${file}`);
  const conffiles = execFileSync('dpkg-deb', ['--info', DEB, 'conffiles'], { encoding: 'utf8' })
    .trim()
    .split('\n');
  expect(conffiles.sort()).toEqual(
    files
      .split('\n')
      .filter((file) => /^\.\/etc\/.*[^/]$/.test(file))
      .map((file) => file.slice(1))
      .sort(),
  );
});

test.runIf(HAS_TOOLS)('has all documents, and what their links lead to', () => {
  const files = listOfFiles().split('\n');
  const pages = [
    'README.md',
    'CHANGELOG.md',
    'CONTRIBUTING.md',
    ...readdirSync('docs').map((name) => join('docs', name)),
  ];
  const linked = pages
    .filter((page) => page.endsWith('.md'))
    .flatMap((page) =>
      linksOf(readFileSync(page, 'utf8'))
        .filter((target) => !/^(?:https?:|#)/.test(target))
        .map((target) => join(dirname(page), target.replace(/#.*/, ''))),
    );
  expect(linked.length).toBeGreaterThan(50);
  const missing = [...pages, ...linked].filter((path) => !files.includes(`./usr/share/doc/greyd/${path}`));
  expect(missing).toEqual([]);
});

test.runIf(HAS_TOOLS)('is as large as docs/install.md says, within a twentieth', () => {
  const page = readFileSync('docs/install.md', 'utf8').replace(/\s+/g, ' ');
  const [, file, installed] = /It has (\d+) MB and takes (\d+) MB on the disk/.exec(page) ?? [];
  expect(statSync(DEB).size / 1e6 / Number(file)).toBeCloseTo(1, 1);
  expect((Number(fieldOf('Installed-Size')) * 1024) / 1e6 / Number(installed)).toBeCloseTo(1, 1);
});

test.runIf(HAS_TOOLS)('has nothing that lintian minds', () => {
  const { status, stdout } = spawnSync('lintian', ['--allow-root', '--fail-on=error,warning', DEB], {
    encoding: 'utf8',
  });
  expect(stdout).toBe('');
  expect(status).toBe(0);
});

test.runIf(HAS_TOOLS)('has a comment above each override', () => {
  const lines = readFileSync('packaging/debian/greyd.lintian-overrides', 'utf8').trim().split('\n');
  const uncommented = lines.filter(
    (line, index) => !line.startsWith('# ') && !lines[index - 1]?.startsWith('# '),
  );
  expect(uncommented).toEqual([]);
});

test.runIf(HAS_TOOLS)('says whose the Public Suffix List is, and where its source is', () => {
  const copyright = execFileSync(
    'sh',
    ['-c', `dpkg-deb --fsys-tarfile ${DEB} | tar xO ./usr/share/doc/greyd/copyright`],
    { encoding: 'utf8' },
  );
  const ofSuffixes = copyright.split(`\n${'='.repeat(78)}\n`).find((part) => /^\ntldts \d/.test(part));
  expect(ofSuffixes).toContain('Permission is hereby granted');
  expect(ofSuffixes).toContain('Mozilla Public License, v. 2.0');
  expect(ofSuffixes).toContain('https://publicsuffix.org/list/public_suffix_list.dat');
});

test.runIf(HAS_TOOLS)('brings the library for --store', () => {
  const folder = temporaryDirectory();
  execFileSync('dpkg-deb', ['--extract', DEB, folder]);
  const lib = join(folder, 'usr/lib/greyd');
  const words = [join(lib, 'bin/greyctl.js'), 'check', '--defaults=/dev/null', '--store=redis://127.0.0.1:1'];
  const { stderr } = spawnSync(join(lib, 'node'), words, { encoding: 'utf8' });
  // It came as far as to the network.
  expect(stderr).toContain('ECONNREFUSED');
});

test.runIf(HAS_ANOTHER)('has the same bytes when it is built in another place', () => {
  expect(sha256(DEB_FROM_ELSEWHERE)).toBe(sha256(DEB));
});

const listOfFiles = () =>
  execFileSync('sh', ['-c', `dpkg-deb --fsys-tarfile ${DEB} | tar t`], { encoding: 'utf8' });

const sha256 = (file: string) => createHash('sha256').update(readFileSync(file)).digest('hex');
