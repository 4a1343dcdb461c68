/**
 * That there is one migration at a time.
 */
import { execFileSync } from 'node:child_process';
import { openSync } from 'node:fs';

const LOCK = '/run/greyctl-migrate.lock';

/**
 * Holds the lock until this process ends, however it does: flock(1) locks what the descriptor stands for, which
 * stays open here.
 * @throws if another one holds it
 */
export function lockOthersOut(): void {
  const descriptor = openSync(LOCK, 'w', 0o600);
  try {
    execFileSync('flock', ['--nonblock', '3'], { stdio: ['ignore', 'ignore', 'ignore', descriptor] });
  } catch (error) {
    if ((error as { status?: number }).status !== 1) throw error;
    throw new Error('another greyctl migrate is under way here, wait for its end');
  }
}
