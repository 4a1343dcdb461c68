/**
 * Runs a program where some files and folders of the machine are others, and only for this program: in
 * a mount namespace of its own. Nothing of it is left when the program has ended.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryDirectory } from './daemon.ts';
import type { Needs } from './requirements.ts';

export interface OwnMounts {
  /** Where /dev/log leads; beside it there are only a few devices. */
  readonly devLog?: string;
  /** Lines that follow those of /etc/passwd and /etc/group. */
  readonly accounts?: { readonly passwd: string; readonly group: string };
  /** True if programs are to believe that the machine runs systemd (sd_booted(3)). */
  readonly systemd?: boolean;
}

/** The requirements of a test with its own mounts. */
export const OWN_MOUNTS_NEED = { root: true, commands: ['unshare --mount true'] } satisfies Needs;

/** The words before those of a program that make it run so, until the test has ended. */
export function inOwnMounts({ devLog, accounts, systemd = false }: OwnMounts): string[] {
  const folder = temporaryDirectory();
  const script = ['set -e'];
  if (devLog !== undefined) {
    const dev = join(folder, 'dev');
    mkdirSync(dev);
    script.push(
      `mount -t tmpfs greyd-test '${dev}'`,
      `for device in null zero full random urandom; do`,
      `  touch '${dev}'/$device; mount --bind /dev/$device '${dev}'/$device`,
      'done',
      `ln -s '${devLog}' '${dev}/log'`,
      `mount --rbind '${dev}' /dev`,
    );
  }
  for (const [name, lines] of Object.entries(accounts ?? {})) {
    const file = join(folder, name);
    writeFileSync(file, `${readFileSync(`/etc/${name}`, 'utf8')}${lines}`);
    script.push(`mount --bind '${file}' /etc/${name}`);
  }
  if (systemd) script.push('mount -t tmpfs greyd-test /run', 'mkdir -p /run/systemd/system');
  return ['unshare', '--mount', 'sh', '-c', [...script, 'exec "$@"'].join('\n'), 'sh'];
}
