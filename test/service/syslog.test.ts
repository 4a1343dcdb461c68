/**
 * The log of a daemon in the background, as a syslog daemon receives it: the real logger(1) writes
 * to a /dev/log of our own.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { GREYD, temporaryDirectory } from '../support/daemon.ts';
import { PolicyClient } from '../support/policy-client.ts';
import { canRun } from '../support/requirements.ts';
import { WakeUp } from '../support/wake-up.ts';

/** Runs a command where /dev holds a few devices, and `log` leads to $1. */
const WITH_OWN_DEV_LOG = `
  socket=$1; shift
  dev=$(mktemp -d) && mount -t tmpfs greyd-test "$dev"
  for device in null zero full random urandom; do touch "$dev/$device"; mount --bind "/dev/$device" "$dev/$device"; done
  ln -s "$socket" "$dev/log"
  mount --rbind "$dev" /dev
  exec "$@"`;

/** Receives what is sent to a datagram socket, until the test ends. */
class SyslogSocket {
  readonly #socat: ChildProcess;
  readonly #changed = new WakeUp();
  #received = '';

  constructor(path: string) {
    this.#socat = spawn('socat', ['-u', '-d', '-d', `UNIX-RECV:${path}`, 'STDOUT'], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#socat.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#received += text;
      this.#changed.now();
    });
    onTestFinished(() => void this.#socat.kill());
  }

  /** Waits until the socket is there: socat then says that it starts to transfer data. */
  async open(): Promise<void> {
    await once(this.#socat.stderr ?? this.#socat, 'data');
  }

  async received(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(this.#received);
      if (match !== null) return match;
      await this.#changed.wait();
    }
  }
}

describe.skipIf(
  !canRun('syslog tests', {
    programs: ['logger', 'socat'],
    root: true,
    commands: ['unshare --mount true'],
  }),
)('syslog', () => {
  test.each([
    [[], 2],
    [['--syslog-facility=local3'], 19],
  ])(
    'lines have the ident and process id of postgrey, facility and severity: %j',
    async (options, facility) => {
      const folder = temporaryDirectory();
      const [log, path, pidfile] = [join(folder, 'log'), join(folder, 'socket'), join(folder, 'pid')];
      const syslog = new SyslogSocket(log);
      await syslog.open();
      const greyd = [
        GREYD,
        '-d',
        `--unix=${path}`,
        `--pidfile=${pidfile}`,
        `--dbdir=${folder}`,
        '--user=0',
        ...options,
      ];
      const launcher = ['--mount', 'sh', '-c', WITH_OWN_DEV_LOG, 'sh', log];
      const started = spawn('unshare', [...launcher, process.execPath, ...greyd], { stdio: 'inherit' });
      expect(await once(started, 'close')).toEqual([0, null]);
      const pid = Number(readFileSync(pidfile, 'utf8'));
      onTestFinished(() => void process.kill(pid, 'SIGKILL'));

      const client = await PolicyClient.connect({ path });
      await client.ask();
      await client.ask({ client_address: 'nonsense' });
      const line = (severity: number, text: string) =>
        new RegExp(
          `<${facility * 8 + severity}>\\w{3} [ \\d]\\d \\d\\d:\\d\\d:\\d\\d (\\S+ )?postgrey\\[${pid}\\]: ${text}`,
        );
      const [NOTICE, INFO, WARNING] = [5, 6, 4];
      await syslog.received(line(NOTICE, 'greyd \\S+ listening on '));
      await syslog.received(line(INFO, 'action=greylist, reason=new, client_name='));
      await syslog.received(line(WARNING, "client_address is no IP address: 'nonsense'"));
    },
  );
});
