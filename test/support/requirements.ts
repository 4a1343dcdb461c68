/**
 * Tests that need a real program skip where it is not installed, and say so. In CI, where all of
 * them are installed, that is a failure.
 */
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

const SEARCH_PATH = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin'];

/** Whether the tests that need all of this can run; if not, says why. */
export function canRun(tests: string, needs: { programs: readonly string[]; root?: boolean }): boolean {
  const missing = needs.programs.filter(
    (program) => !SEARCH_PATH.some((folder) => isExecutable(join(folder, program))),
  );
  const reasons = missing.map((program) => `${program} is not installed`);
  if (needs.root && process.getuid?.() !== 0) reasons.push('they need root');
  if (reasons.length === 0) return true;
  const text = `${tests}: skipped, ${reasons.join(', ')}`;
  if (process.env.CI) throw new Error(text);
  console.warn(text);
  return false;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
