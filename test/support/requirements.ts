/**
 * Tests that need a real program, or root, skip where that is missing, and say so. In CI, where all of it is there, that is a
 * failure. An account without rights runs all that needs no root there, and root the rest:
 *
 *   GREYD_TESTS=unprivileged  what needs root is left to the other run, if that has the file (see ROOT in vitest.config.ts)
 *   GREYD_TESTS=root          the files in which something needs root
 */
import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { ROOT } from './root-tests.ts';

const SEARCH_PATH = [...(process.env.PATH ?? '').split(delimiter), '/usr/local/sbin', '/usr/sbin', '/sbin'];

export interface Needs {
  readonly programs?: readonly string[];
  readonly root?: boolean;
  /** Commands that must succeed: not every container may do what its programs can. */
  readonly commands?: readonly string[];
}

/** Tells whether the tests that need all of this can run; if not, says why. */
export function canRun(tests: string, { programs = [], root = false, commands = [] }: Needs): boolean {
  const reasons = [
    ...programs
      .filter((program) => pathOf(program) === undefined)
      .map((program) => `${program} is not installed`),
    ...(root && process.getuid?.() !== 0 ? ['they need root'] : []),
    ...commands.filter((command) => !succeeds(command)).map((command) => `\`${command}\` does not work here`),
  ];
  if (reasons.length === 0) return true;
  if (root && process.env.GREYD_TESTS === 'unprivileged') {
    const [, file = ''] = /\/(test\/[^\s:]*\.test\.ts):/.exec(new Error().stack ?? '') ?? [];
    if (file === '' || ROOT.some((place) => file.startsWith(place))) return false;
    throw new Error(`${file} needs root: add it to ROOT in test/support/root-tests.ts`);
  }
  const text = `${tests}: skipped, ${reasons.join(', ')}`;
  if (process.env.CI) throw new Error(text);
  console.warn(text);
  return false;
}

/** Where a program is installed, if it is. */
export function pathOf(program: string): string | undefined {
  return SEARCH_PATH.map((folder) => join(folder, program)).find(isExecutable);
}

function succeeds(command: string): boolean {
  return spawnSync('sh', ['-c', command], { stdio: 'ignore' }).status === 0;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
