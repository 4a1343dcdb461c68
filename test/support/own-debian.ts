/**
 * A Debian of a test's own without systemd, in namespaces: init scripts start services there. It has the files of the
 * machine, with whatever is written kept in memory, greyd installed from this tree as by its package, and postgrey 1.36
 * in the place of the machine's. Nothing is left afterwards.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { temporaryDirectory } from './daemon.ts';
import { type Attributes, requestText } from './policy-client.ts';
import type { Needs } from './requirements.ts';

/** Where .ci/run unpacks it. */
const FORMER = '/opt/postgrey-1.36';
const NAMESPACES = ['--mount', '--net', '--pid', '--fork', '--kill-child'];

export const OWN_DEBIAN_NEEDS = {
  root: true,
  programs: [
    'postgrey',
    'db_load',
    'db_dump',
    'service',
    'update-rc.d',
    'start-stop-daemon',
    'socat',
    'ip',
    'nsenter',
  ],
  commands: [
    `test -x ${FORMER}/usr/sbin/postgrey`,
    `unshare ${NAMESPACES.join(' ')} sh -c "ip link set lo up && mount -t tmpfs greyd-test /mnt && ` +
      'mkdir /mnt/up /mnt/work && mount -t overlay -o lowerdir=/etc,upperdir=/mnt/up,workdir=/mnt/work greyd-test /etc"',
  ],
} satisfies Needs;

/** $1: folder to work in, $2: the sources, $3: postgrey. */
const BOOT = `
set -e
ip link set lo up
mount -t proc proc /proc
mount -t tmpfs greyd-test /run
mkdir /run/postgrey
mount -t tmpfs greyd-test "$1"
for name in etc usr var; do
  mkdir "$1/$name" "$1/$name.work"
  mount -t overlay greyd-test -o "lowerdir=/$name,upperdir=$1/$name,workdir=$1/$name.work" "/$name"
done
rm -rf /var/lib/postgrey /var/lib/greyd /etc/postgrey /usr/share/postgrey /etc/default/postgrey
install -d -o postgrey -g postgrey -m 0700 /var/lib/postgrey
cp -a "$3/usr/sbin/postgrey" /usr/sbin/postgrey
cp -a "$3/usr/share/postgrey" /usr/share/postgrey
cp -a "$3/usr/share/postgrey" /etc/postgrey
cp "$3/etc/init.d/postgrey" /etc/init.d/postgrey
mkdir -p /etc/greyd
cp "$2"/etc/greyd/* /etc/greyd/
cp "$2/etc/default/greyd" /etc/default/greyd
install -m 0755 "$2/packaging/debian/greyd.init" /etc/init.d/greyd
ln -sfn "$2/bin/greyd.js" /usr/sbin/greyd
ln -sfn "$2/bin/greyctl.js" /usr/sbin/greyctl
getent passwd greyd >/dev/null || {
  echo 'greyd:x:64990:64990::/var/lib/greyd:/usr/sbin/nologin' >>/etc/passwd
  echo 'greyd:x:64990:' >>/etc/group
}
update-rc.d greyd defaults
echo up >/run/greyd-test-up
# Process 1 has to wait for those whose parents have ended.
while :; do sleep 0.2; done
`;

export class OwnDebian {
  readonly #pid: number;

  private constructor(pid: number) {
    this.#pid = pid;
  }

  static async boot(): Promise<OwnDebian> {
    const words = [...NAMESPACES, 'sh', '-c', BOOT, 'sh', temporaryDirectory(), resolve('.'), FORMER];
    const unshare = spawn('unshare', words, { stdio: ['ignore', 'ignore', 'inherit'] });
    onTestFinished(async () => {
      unshare.kill('SIGKILL');
      if (unshare.exitCode === null && unshare.signalCode === null) await once(unshare, 'exit');
    });
    for (;;) {
      if (unshare.exitCode !== null) throw new Error(`it ended with ${unshare.exitCode}`);
      const children = readFileSync(`/proc/${unshare.pid}/task/${unshare.pid}/children`, 'utf8').trim();
      const machine = new OwnDebian(Number(children));
      if (children !== '' && machine.attempt('cat /run/greyd-test-up').output === 'up') return machine;
      await pause(20);
    }
  }

  /** Runs a command of sh(1) there. @returns what it printed, errors and all @throws with that if it fails */
  run(command: string): string {
    const { status, output } = this.attempt(command);
    if (status !== 0) throw new Error(`\`${command}\` ended with ${status}:\n${output}`);
    return output;
  }

  /** The same for a command that may fail. */
  attempt(command: string): { status: number | null; output: string } {
    const { status, stdout } = spawnSync('nsenter', [...this.#inside, 'sh', '-c', `exec 2>&1\n${command}`], {
      encoding: 'utf8',
      maxBuffer: 64 * 1024 * 1024,
    });
    return { status, output: stdout.trimEnd() };
  }

  /** Runs a command again and again until it succeeds. */
  async until(command: string): Promise<void> {
    while (this.attempt(command).status !== 0) await pause(50);
  }

  /** Asks a policy daemon on a port there. @returns the actions */
  ask(port: number, requests: readonly Attributes[]): string[] {
    return requests.map((request) => {
      const socat = ['socat', '-t10', '-', `TCP:127.0.0.1:${port}`];
      const answer = execFileSync('nsenter', [...this.#inside, ...socat], {
        encoding: 'utf8',
        input: requestText(request),
      });
      return answer.trim().replace(/^action=/, '');
    });
  }

  get #inside(): string[] {
    return ['--target', String(this.#pid), '--all', '--root', '--wdns=/'];
  }
}
