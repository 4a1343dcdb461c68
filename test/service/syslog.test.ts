/**
 * The log of a daemon in the background, as a syslog daemon receives it: the real logger(1) writes
 * to a /dev/log of our own.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { BackgroundDaemon } from '../support/background.ts';
import { temporaryDirectory } from '../support/daemon.ts';
import { inOwnMounts, OWN_MOUNTS_NEED } from '../support/own-mounts.ts';
import { canRun } from '../support/requirements.ts';
import { WakeUp } from '../support/wake-up.ts';

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

  /** All that came until now. */
  get text(): string {
    return this.#received;
  }

  async received(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(this.#received);
      if (match !== null) return match;
      await this.#changed.wait();
    }
  }
}

describe.skipIf(!canRun('syslog tests', { ...OWN_MOUNTS_NEED, programs: ['logger', 'socat'] }))(
  'syslog',
  () => {
    test.each([
      [[], 2, 'postgrey'],
      [['--syslog-facility=local3', '--syslog-ident=greyd/mx-2'], 19, 'greyd/mx-2'],
    ])('lines have ident, process id, facility and severity: %j', async (options, facility, ident) => {
      const log = join(temporaryDirectory(), 'log');
      const syslog = new SyslogSocket(log);
      await syslog.open();
      const daemon = await BackgroundDaemon.start(options, { launcher: inOwnMounts({ devLog: log }) });

      const client = await daemon.connect();
      await client.ask();
      await client.ask({ client_address: 'nonsense' });
      const line = (severity: number, text: string) =>
        new RegExp(
          `<${facility * 8 + severity}>\\w{3} [ \\d]\\d \\d\\d:\\d\\d:\\d\\d (\\S+ )?${ident}\\[${daemon.pid}\\]: ${text}`,
        );
      const [NOTICE, WARNING] = [5, 4];
      await syslog.received(line(NOTICE, 'greyd \\S+ listening on '));
      await syslog.received(line(NOTICE, 'action=greylist, reason=new, client_name='));
      await syslog.received(line(WARNING, "client_address is no IP address: 'nonsense'"));
      // Each of these characters is written as six; what is too long must not become a line of its own.
      const long = '\x01'.repeat(500);
      await client.ask({ client_name: long, sender: long, recipient: long });
      await client.ask({ client_address: 'end' });
      await syslog.received(line(WARNING, "client_address is no IP address: 'end'"));
      expect(syslog.text).toMatch(line(NOTICE, 'action=greylist, reason=new, client_name=\\\\u0001'));
      expect(syslog.text).not.toMatch(line(NOTICE, '[^ag]'));
    });
  },
);
