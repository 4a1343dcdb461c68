/**
 * From an older package to this one, and what removal leaves. The older one is this package with another version and
 * another whitelist: there is no release before the first.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, onTestFinished, test } from 'vitest';
import { canRun } from '../support/requirements.ts';
import { DEB, otherVersion, uncompressed, VERSION } from './deb.ts';
import { MACHINE_NEEDS, Machine, RELEASES } from './machine.ts';

const POSSIBLE = canRun('the upgrade of the package', MACHINE_NEEDS);

const OLD_VERSION = '0.0.9';
/** Installs as dpkg does without a terminal: an edited file stays, an untouched one is replaced. */
const INSTALL = 'apt-get install -y -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold';
const QUERY =
  'greyctl query 127.0.0.1:60000 client_address=192.0.2.10 client_name=mail.example.net ' +
  'sender=alice@example.net recipient=bob@example.org';

test.runIf(POSSIBLE).for(RELEASES)(
  'an upgrade keeps records and edits, and refuses no connection, on $name',
  async ({ release }) => {
    const machine = await Machine.boot(release);
    const old = otherVersion(OLD_VERSION, (folder) => {
      for (const name of ['clients', 'recipients'])
        appendFileSync(join(folder, 'etc/greyd', `whitelist_${name}`), `# of ${OLD_VERSION}\n`);
    });
    machine.copyIn(old);
    machine.copyIn(uncompressed());
    machine.run(`${INSTALL} /root/${basename(old)}`);
    expect(machine.run('greyd --version')).toBe(`greyd ${OLD_VERSION}`);

    machine.run("sed -i 's/--delay=300/--delay=1/' /etc/default/greyd");
    machine.run('echo mail.example.com >>/etc/greyd/whitelist_clients');
    machine.run('echo postmaster@example.org >/etc/greyd/whitelist_recipients.local');
    machine.run('systemctl restart greyd');
    expect(machine.run(QUERY)).toMatch(/^action=DEFER_IF_PERMIT /);
    await machine.until(`${QUERY} | grep ^action=PREPEND`);
    expect(machine.run(QUERY)).toBe('action=DUNNO');
    const configured = machine.run('cat /etc/default/greyd /etc/greyd/whitelist_clients /etc/greyd/*.local');
    const before = machine.run('systemctl show --property=MainPID --value greyd');

    const load = startLoad(machine);
    await load.running;
    machine.run(`${INSTALL} /root/${DEB}`);
    const { requests, refused, reopened, unanswered } = await load.end();
    expect({ refused, unanswered }).toEqual({ refused: 0, unanswered: 0 });
    // The daemon was exchanged under the load.
    expect(reopened).toBeGreaterThan(0);
    expect(requests).toBeGreaterThan(400);
    expect(machine.run('systemctl show --property=MainPID --value greyd')).not.toBe(before);
    expect(machine.run('greyd --version')).toBe(`greyd ${VERSION}`);
    expect(machine.journal('-t postgrey')).toContain(`greyd ${VERSION} listening`);

    expect(machine.run('cat /etc/default/greyd /etc/greyd/whitelist_clients /etc/greyd/*.local')).toBe(
      configured,
    );
    // Nobody had edited this one.
    expect(machine.run('cat /etc/greyd/whitelist_recipients')).not.toContain(OLD_VERSION);
    expect(machine.run(QUERY)).toBe('action=DUNNO');

    // Removed and installed once more, it has everything; a host whose greyd is disabled keeps it so.
    const last = startLoad(machine);
    await last.running;
    expect(machine.run('apt-get remove -y greyd')).not.toContain('can still be activated');
    // A connection that came meanwhile has not started it once more.
    expect(machine.run('systemctl is-failed greyd.service || pgrep -u greyd || echo none')).toBe(
      'inactive\nnone',
    );
    last.stop();
    expect(machine.run('ss -Htln sport = :60000')).toBe('');
    expect(machine.run('stat -c "%U %a" /var/lib/greyd/greyd.db')).toBe('greyd 600');
    machine.run(`${INSTALL} /root/${DEB}`);
    expect(machine.run(QUERY)).toBe('action=DUNNO');
    machine.run('systemctl disable --now greyd.socket greyd.service');
    machine.run(`${INSTALL} --reinstall /root/${DEB}`);
    expect(machine.attempt('systemctl is-enabled greyd.socket greyd.service').output).toBe(
      'disabled\ndisabled',
    );
    expect(machine.attempt('systemctl is-active greyd.socket greyd.service').output).toBe(
      'inactive\ninactive',
    );
  },
);

interface Outcome {
  readonly requests: number;
  readonly refused: number;
  readonly reopened: number;
  readonly unanswered: number;
}

interface Load {
  readonly running: Promise<unknown>;
  readonly end: () => Promise<Outcome>;
  /** Ends it without an outcome, where greyd is no more. */
  readonly stop: () => void;
}

function startLoad(machine: Machine): Load {
  const [program = '', ...words] = machine.greydNode;
  const child = spawn(program, [...words, 'test/package/load-main.ts'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ended = once(child, 'exit');
  return {
    running: lines.next(),
    async end() {
      child.stdin.end();
      const { value } = await lines.next();
      await ended;
      return JSON.parse(value ?? '{}') as Outcome;
    },
    stop: () => void child.kill('SIGKILL'),
  };
}
