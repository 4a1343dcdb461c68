/**
 * Tests that need a real program skip where it is not installed, and say so. In CI, where all of
 * them are installed, that is a failure.
 */
import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

const SEARCH_PATH = [...(process.env.PATH ?? '').split(delimiter), '/usr/local/sbin', '/usr/sbin', '/sbin'];

export interface Needs {
  readonly programs?: readonly string[];
  readonly root?: boolean;
  /** Commands that must succeed: not every container may do what its programs can. */
  readonly commands?: readonly string[];
}

/** Whether the tests that need all of this can run; if not, says why. */
export function canRun(tests: string, { programs = [], root = false, commands = [] }: Needs): boolean {
  const reasons = [
    ...programs
      .filter((program) => pathOf(program) === undefined)
      .map((program) => `${program} is not installed`),
    ...(root && process.getuid?.() !== 0 ? ['they need root'] : []),
    ...commands.filter((command) => !succeeds(command)).map((command) => `\`${command}\` does not work here`),
  ];
  if (reasons.length === 0) return true;
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
