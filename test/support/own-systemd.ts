/**
 * A systemd of a test's own, as process 1 of its own namespaces: mounts, processes, network, control groups.
 * Its root folder is that of the machine, with whatever is written kept in memory, so that greyd can be
 * installed there as docs/install.md says. It knows no units but those it is given. Nothing is left afterwards.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { temporaryDirectory } from './daemon.ts';
import type { Needs } from './requirements.ts';

const NAMESPACES = ['--mount', '--pid', '--fork', '--kill-child', '--uts', '--ipc', '--net', '--cgroup'];

export const OWN_SYSTEMD_NEEDS = {
  root: true,
  programs: ['systemctl', 'systemd-notify', 'nsenter', 'ip', 'socat'],
  commands: [`unshare ${NAMESPACES.join(' ')} true`, 'test -x /lib/systemd/systemd'],
} satisfies Needs;

/** Units that greyd's refer to and the machine's systemd would have. */
const TARGETS = ['default', 'sysinit', 'basic', 'sockets', 'shutdown', 'network'];

/** $1: folder to work in, $2: the sources, $3: folder with units, $4: the Node.js that runs greyd. */
const BOOT = `
set -e
ip link set lo up
mount --make-rprivate /
mount -t tmpfs greyd-test "$1"
root="$1/root"
mkdir "$1/upper" "$1/work" "$root"
mount -t overlay greyd-test -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$root"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
mount -t tmpfs greyd-test "$root/run"
mkdir -p "$root/opt/greyd" "$root/units" "$root/etc/greyd" "$root/old"
mount --bind "$2" "$root/opt/greyd"
mount --bind "$3" "$root/units"
touch "$root/usr/local/sbin/node"
mount --bind "$4" "$root/usr/local/sbin/node"
mount -t tmpfs greyd-test "$root/tmp"
ln -sfn /opt/greyd/bin/greyd.js "$root/usr/sbin/greyd"
cp "$2"/etc/greyd/* "$root/etc/greyd/"
cp "$2/etc/default/greyd" "$root/etc/default/greyd"
rm -rf "$root/var/lib/greyd"
getent passwd greyd >/dev/null || {
  echo 'greyd:x:64990:64990::/var/lib/greyd:/usr/sbin/nologin' >>"$root/etc/passwd"
  echo 'greyd:x:64990:' >>"$root/etc/group"
}
# Not chroot: what runs in one cannot make user namespaces, as PrivateUsers= does.
cd "$root"
pivot_root . old
umount -l /old
exec env -i container=greyd-test PATH="$PATH" SYSTEMD_UNIT_PATH=/units /lib/systemd/systemd --system
`;

export class OwnSystemd {
  readonly #pid: number;

  private constructor(pid: number) {
    this.#pid = pid;
  }

  /** @param units their texts, by name; a drop-in is `greyd.service.d/name.conf` */
  static async boot(units: Readonly<Record<string, string>>): Promise<OwnSystemd> {
    const [work, folder] = [temporaryDirectory(), temporaryDirectory()];
    const targets = TARGETS.map((name) => [`${name}.target`, '[Unit]\nDefaultDependencies=no\n']);
    for (const [name = '', text = ''] of [...targets, ...Object.entries(units)]) {
      mkdirSync(join(folder, name, '..'), { recursive: true });
      writeFileSync(join(folder, name), text);
    }
    const words = [...NAMESPACES, 'sh', '-c', BOOT, 'sh', work, resolve('.'), folder, process.execPath];
    const unshare = spawn('unshare', words, { stdio: ['ignore', 'ignore', 'inherit'] });
    onTestFinished(async () => {
      unshare.kill('SIGKILL');
      if (unshare.exitCode === null && unshare.signalCode === null) await once(unshare, 'exit');
    });
    for (;;) {
      if (unshare.exitCode !== null) throw new Error('systemd did not start');
      const children = execFileSync('cat', [`/proc/${unshare.pid}/task/${unshare.pid}/children`], {
        encoding: 'utf8',
      });
      const systemd = new OwnSystemd(Number(children));
      if (systemd.#isUp()) return systemd;
      await pause(20);
    }
  }

  /** Runs a program beside it. @returns what it printed */
  run(program: string, ...args: string[]): string {
    return this.pipe('', program, ...args);
  }

  /** Runs a program beside it. @returns what it printed about the input */
  pipe(input: string, program: string, ...args: string[]): string {
    const inside = ['--target', String(this.#pid), '--all', '--root', '--wdns=/'];
    return execFileSync('nsenter', [...inside, program, ...args], { encoding: 'utf8', input, stdio: 'pipe' });
  }

  /** A property of a unit, as systemctl shows it. */
  property(unit: string, name: string): string {
    return this.run('systemctl', 'show', `--property=${name}`, '--value', unit).trim();
  }

  /** Waits until a property of a unit has another value than this one. */
  async changed(unit: string, name: string, before: string): Promise<void> {
    while (this.property(unit, name) === before) await pause(50);
  }

  #isUp(): boolean {
    try {
      return this.#pid > 0 && this.property('default.target', 'ActiveState') === 'active';
    } catch {
      return false;
    }
  }
}
