/**
 * The package on a Debian without Node.js: installed with apt, asked by the Postfix of that release, and purged.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { canRun } from '../support/requirements.ts';
import { DEB, installGreyd, VERSION } from './deb.ts';
import { MACHINE_NEEDS, Machine, RELEASES } from './machine.ts';
import { askGreyd, installPostfix, sendMail } from './postfix.ts';

const POSSIBLE = canRun('the package on a fresh Debian', {
  ...MACHINE_NEEDS,
  programs: [...MACHINE_NEEDS.programs, 'swaks'],
});

/** All files, but for those in which dpkg, apt and Postfix keep their books. */
const ALL_FILES =
  'find / -xdev \\( -path /proc -o -path /sys -o -path /dev -o -path /run -o -path /tmp -o -path /root ' +
  '-o -path /var/log -o -path /var/cache -o -path /var/lib/dpkg -o -path /var/lib/apt -o -path /var/tmp ' +
  '-o -path /var/lib/postfix -o -path /var/spool/postfix \\) -prune -o -print | sort';

describe.runIf(POSSIBLE)('the package', () => {
  test.for(RELEASES)('is installed, serves Postfix and is purged on $name', async ({ release, postfix }) => {
    const machine = await Machine.boot(release);
    expect(machine.attempt('for name in node nodejs npm; do command -v "$name"; done').output).toBe('');
    installPostfix(machine);
    expect(machine.run('postconf -h mail_version').startsWith(`${postfix}.`)).toBe(true);
    const before = machine.run(ALL_FILES).split('\n');

    machine.copyIn(DEB);
    const printed = machine.run(`apt-get install -y /root/${DEB}`);
    expect(printed).not.toMatch(/warning|error|failed/i);
    const line = /^ +(check_policy_service \{.*\})$/m.exec(printed)?.[1] ?? '';
    expect(line).toBe('check_policy_service { inet:127.0.0.1:60000, timeout=10s, default_action=DUNNO }');
    expect(printed).not.toContain('postgrey');
    expect(printed).toMatch(/^greyd serves on 127\.0\.0\.1:60000\. /m);

    expect(machine.run('systemctl is-enabled greyd.service greyd.socket')).toBe('enabled\nenabled');
    expect(machine.run('systemctl is-active greyd.service greyd.socket')).toBe('active\nactive');
    const pid = machine.run('systemctl show --property=MainPID --value greyd');
    expect(machine.run(`ps -o user=,comm=,args= -p ${pid}`)).toMatch(
      /^greyd +greyd +greyd --inet=127\.0\.0\.1:60000 --delay=300 --max-age=35 --greylist-text=$/,
    );
    expect(machine.run(`readlink /proc/${pid}/exe`)).toBe('/usr/lib/greyd/node');
    expect(machine.run('stat -c "%U:%G %a" /var/lib/greyd')).toBe('greyd:greyd 700');
    expect(machine.run('greyd --version; greyctl --version')).toBe(`greyd ${VERSION}\ngreyctl ${VERSION}`);
    expect(machine.run('systemctl --failed --no-legend')).toBe('');

    askGreyd(machine, line);
    machine.run("sed -i 's/--delay=300/--delay=1/' /etc/default/greyd && systemctl restart greyd");
    expect(sendMail(machine, 'alice@example.net')).toMatch(/^<\*\* 450 4\.2\.0 .*Greylisted, see/m);
    for (;;) {
      const session = sendMail(machine, 'alice@example.net');
      if (/^<- {2}250 2\.0\.0 Ok: queued as/m.test(session)) break;
      expect(session).toMatch(/^<\*\* 450 4\.2\.0 .*Greylisted, see/m);
      await pause(200);
    }
    const log = machine.journal('-t postgrey SYSLOG_FACILITY=2');
    expect(log).toMatch(/^action=greylist, reason=new, client_name=localhost, .*sender=alice@example\.net/m);
    expect(log).toMatch(/^action=pass, reason=triplet found, delay=\d+, client_name=localhost,/m);
    expect(machine.run('greyctl list --json')).toContain('alice@example.net');

    machine.run('apt-get purge -y greyd');
    expect(machine.attempt('getent passwd greyd || getent group greyd').output).toBe('');
    expect(machine.attempt('systemctl status greyd.service greyd.socket').output).not.toMatch(/loaded \(/);
    expect(machine.attempt('find /run -name "*greyd*"').output).toBe('');
    const left = machine
      .run(ALL_FILES)
      .split('\n')
      .filter((file) => !before.includes(file));
    expect(left).toEqual([]);
  });

  test('has hosts of one domain share a wait with the line for it in /etc/default/greyd', async () => {
    const machine = await Machine.boot('trixie');
    installGreyd(machine);
    machine.run(
      "sed -i 's/^#\\(POSTGREY_OPTS=.*--profile=smart\\)/\\1 --allow-test-time/' /etc/default/greyd",
    );
    machine.run('systemctl restart greyd');
    const [sender, recipient] = ['alice@example.net', 'bob@example.org'];
    const attempt = (client_address: string, client_name: string, policy_test_time: number) => ({
      ...{ client_address, client_name, sender, recipient, policy_test_time },
      instance: `${policy_test_time}`,
    });
    const answers = machine.ask('127.0.0.1:60000', [
      attempt('192.0.2.71', 'mx7.out.example.net', 1_800_000_000),
      attempt('198.51.100.23', 'dsl-198-51-100-23.example.net', 1_800_000_060),
      attempt('198.51.100.24', 'mx23.out.example.net', 1_800_000_060),
    ]);
    // The second one is a suspect by the words of client_names.
    expect(answers.map((answer) => answer.split(' ')[0])).toEqual([
      'DEFER_IF_PERMIT',
      'DEFER_IF_PERMIT',
      'PREPEND',
    ]);
    expect(machine.journal('-t postgrey')).not.toContain('cannot read');
  });

  test('says so if greyd does not run', async () => {
    const machine = await Machine.boot('trixie');
    const folder = '/etc/systemd/system/greyd.service.d';
    machine.run(`mkdir ${folder} && printf '[Service]\nExecStartPre=/bin/false\n' >${folder}/broken.conf`);
    const printed = installGreyd(machine);
    // systemd has the port all the same.
    expect(machine.run('systemctl is-active greyd.socket')).toBe('active');
    expect(printed).toMatch(/^greyd is installed, but not running: systemctl status greyd$/m);
    expect(printed).not.toContain('greyd serves');
  });
});
