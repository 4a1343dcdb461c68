/**
 * A machine with a Debian that was just installed, of a test's own: systemd, or another program, as process 1 in
 * namespaces of its own, a network that ends at loopback, and a root folder whose changes are gone at the end.
 *
 * systemd-nspawn(1) makes it of a folder from make-root.sh, on which an overlay lies for each machine.
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { temporaryDirectory } from '../support/daemon.ts';
import type { Attributes } from '../support/policy-client.ts';
import type { Needs } from '../support/requirements.ts';

export const MACHINE_NEEDS = {
  root: true,
  programs: ['debootstrap', 'systemd-nspawn', 'nsenter', 'pkill'],
} satisfies Needs;

/** The releases, with the Postfix of each. */
export const RELEASES = [
  { release: 'bookworm', name: 'Debian 12', postfix: '3.7' },
  { release: 'trixie', name: 'Debian 13', postfix: '3.10' },
] as const;

export type Release = (typeof RELEASES)[number]['release'];

/** Where root folders are kept from one run to the next. */
const ROOTS = process.env.GREYD_TEST_ROOTS ?? '/var/tmp/greyd-test-roots';

const ENVIRONMENT = [
  'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  'DEBIAN_FRONTEND=noninteractive',
  'LC_ALL=C.UTF-8',
];

const NSPAWN = ['systemd-nspawn', '--quiet', '--register=no', '--keep-unit', '--private-network'];

/** $1: a control group, in which the program runs that follows. */
const IN_CGROUP = 'echo $$ >"$1/cgroup.procs" && shift && exec "$@"';

export class Machine {
  /** Its root folder, seen from outside. */
  readonly root: string;
  readonly #pid: number;

  private constructor(root: string, pid: number) {
    this.root = root;
    this.#pid = pid;
  }

  /**
   * Starts a machine, which ends with the test.
   * @param init what its process 1 is; `none`: a program that does nothing, so that there are init scripts alone
   */
  static async boot(release: Release, init: 'systemd' | 'none' = 'systemd'): Promise<Machine> {
    const base = join(ROOTS, release);
    execFileSync('test/package/make-root.sh', [release, base], { stdio: ['ignore', 'ignore', 'inherit'] });
    const root = overlayOn(base);
    if (init === 'none') replaceRunlevel(root);
    const words =
      init === 'systemd'
        ? ['--boot']
        : ['--as-pid2', 'sh', '-c', 'trap exit TERM; while :; do sleep 1; done'];
    const nspawn = spawn(
      'sh',
      ['-c', IN_CGROUP, 'sh', ownCgroup(), ...NSPAWN, `--directory=${root}`, ...words],
      { stdio: 'ignore', env: { ...process.env, UNIFIED_CGROUP_HIERARCHY: '1' } },
    );
    onTestFinished(() => end(nspawn));
    for (;;) {
      if (nspawn.exitCode !== null) throw new Error(`systemd-nspawn ended with ${nspawn.exitCode}`);
      const machine = new Machine(root, firstProcess(nspawn.pid));
      if (machine.#isUp(init)) return machine;
      await pause(100);
    }
  }

  /**
   * Runs a command of sh(1) there, as root.
   * @returns what it printed, errors and all
   * @throws with that if it fails
   */
  run(command: string): string {
    const { status, output } = this.attempt(command);
    if (status !== 0) throw new Error(`\`${command}\` ended with ${status}:\n${output}`);
    return output;
  }

  /** The same for a command that may fail. */
  attempt(command: string): { status: number | null; output: string } {
    const { status, stdout } = spawnSync(
      'nsenter',
      [...this.#inside(), 'sh', '-c', `exec 2>&1\n${command}`],
      {
        encoding: 'utf8',
        maxBuffer: 64 * 1024 * 1024,
      },
    );
    return { status, output: stdout.trimEnd() };
  }

  /** The lines of its journal, up to what was written last. @param selection words for journalctl(1) */
  journal(selection: string): string {
    return this.run(`journalctl --sync && journalctl --output=cat ${selection}`);
  }

  /** The words before those of a program of the outer machine that give it the network of this one. */
  get inNetwork(): string[] {
    return ['nsenter', '--target', String(this.#pid), '--net', '--'];
  }

  /**
   * Asks a policy daemon there, or in a socket file of its root folder.
   * @param target as main.cf has it: `127.0.0.1:10023`, `unix:/run/greyd/socket`
   * @returns the actions; greyd's package must be installed there
   */
  ask(target: string, requests: readonly Attributes[]): string[] {
    const [, path] = /^unix:(.+)$/.exec(target) ?? [];
    const [host, port] = target.split(':');
    const place = path === undefined ? { host, port: Number(port) } : { path: join(this.root, path) };
    const [program = '', ...words] = this.greydNode;
    const answers = execFileSync(program, [...words, 'test/package/ask-main.ts', JSON.stringify(place)], {
      encoding: 'utf8',
      input: JSON.stringify(requests),
    });
    return JSON.parse(answers) as string[];
  }

  /**
   * The words before those of a program of the tests that run it in this network, by the Node.js of greyd's package:
   * that takes TypeScript as it is.
   */
  get greydNode(): string[] {
    return [...this.inNetwork, join(this.root, 'usr/lib/greyd/node')];
  }

  /** Puts a file of the outer machine into /root. */
  copyIn(file: string): void {
    execFileSync('cp', [file, join(this.root, 'root/')]);
  }

  /** Runs a command again and again until it succeeds. @returns what it printed then */
  async until(command: string): Promise<string> {
    for (;;) {
      const { status, output } = this.attempt(command);
      if (status === 0) return output;
      await pause(100);
    }
  }

  #inside(): string[] {
    return ['--target', String(this.#pid), '--all', '--root', '--wdns=/', 'env', '-i', ...ENVIRONMENT];
  }

  #isUp(init: 'systemd' | 'none'): boolean {
    if (this.#pid === 0) return false;
    // systemd-nspawn is process 1 of such a machine, and starts the program when all is made.
    if (init === 'none') return this.attempt('cat /proc/2/comm').output === 'sh';
    return /^(running|degraded)$/m.test(this.attempt('systemctl is-system-running').output);
  }
}

/**
 * Process 1 of a machine, or 0. Before it systemd-nspawn has another child, which is in most namespaces of this
 * machine and ends soon.
 */
function firstProcess(nspawn: number | undefined): number {
  const children = readFileSync(`/proc/${nspawn}/task/${nspawn}/children`, 'utf8').trim();
  return children.split(' ').map(Number).find(isFirst) ?? 0;
}

function isFirst(pid: number): boolean {
  try {
    // Its numbers, from the namespace of this machine to its own.
    return /^NSpid:\t\d+.*\t1$/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    // The process has ended in the meantime.
    return false;
  }
}

/** Process 1 takes all others of the machine along, and systemd-nspawn ends after its children, whichever it has. */
async function end(nspawn: ChildProcess): Promise<void> {
  while (nspawn.exitCode === null && nspawn.signalCode === null) {
    spawnSync('pkill', ['--signal=KILL', `--parent=${nspawn.pid}`]);
    await pause(20);
  }
}

function overlayOn(base: string): string {
  const folder = temporaryDirectory();
  for (const name of ['upper', 'work', 'root']) mkdirSync(join(folder, name));
  const root = join(folder, 'root');
  const layers = `lowerdir=${base},upperdir=${join(folder, 'upper')},workdir=${join(folder, 'work')}`;
  execFileSync('mount', ['-t', 'overlay', 'greyd-test', '-o', layers, root]);
  onTestFinished(() => void execFileSync('umount', ['--lazy', root]));
  return root;
}

/**
 * Sets the runlevel as sysvinit does: systemd's knows of no runlevel here, and then nothing is started in one.
 */
function replaceRunlevel(root: string): void {
  const file = join(root, 'sbin/runlevel');
  rmSync(file);
  writeFileSync(file, '#!/bin/sh\necho N 2\n', { mode: 0o755 });
}

/** A control group for one machine: the systemds of two must not take each other's services for their own. */
function ownCgroup(): string {
  const hierarchy = execFileSync(
    'findmnt',
    ['--noheadings', '--first-only', '--output=TARGET', '--types=cgroup2'],
    {
      encoding: 'utf8',
    },
  ).trim();
  const group = mkdtempSync(join(hierarchy, 'greyd-test-'));
  onTestFinished(
    () => void execFileSync('find', [group, '-depth', '-type', 'd', '-exec', 'rmdir', '{}', '+']),
  );
  return group;
}
