/**
 * Allows one migration at a time.
 */
import { execFileSync } from 'node:child_process';
import { openSync } from 'node:fs';

const LOCK = '/run/greyctl-migrate.lock';

/**
 * Takes a lock that is held until this process ends, however it ends: flock(1) locks the open file, which
 * stays open here.
 * @throws if another process holds it
 */
export function lockOthersOut(): void {
  const descriptor = openSync(LOCK, 'w', 0o600);
  try {
    execFileSync('flock', ['--nonblock', '3'], { stdio: ['ignore', 'ignore', 'ignore', descriptor] });
  } catch (error) {
    if ((error as { status?: number }).status !== 1) throw error;
    throw new Error('another greyctl migrate is running: wait until it ends');
  }
}
