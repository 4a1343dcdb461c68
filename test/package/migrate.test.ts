/**
 * greyctl migrate on Debian with a real postgrey beside greyd: the same answers after as before, and everything as it
 * was if it goes wrong.
 */
import { describe, expect, test } from 'vitest';
import { canRun } from '../support/requirements.ts';
import { DEB } from './deb.ts';
import { MACHINE_NEEDS, Machine, RELEASES, type Release } from './machine.ts';
import {
  answersOn,
  DELAY,
  installPostgrey,
  OPTIONS,
  PASSING,
  PORT,
  restartPostgrey,
  teachPostgrey,
} from './postgrey.ts';

const SOCKET = 'unix:/var/spool/postfix/postgrey/socket';

const POSSIBLE = canRun('greyctl migrate', MACHINE_NEEDS);

/** Where something may change on a machine whose daemons run. */
const BOOKS =
  '\\( -path /proc -o -path /sys -o -path /dev -o -path /run -o -path /tmp -o -path /var/tmp -o -path /var/log -o -path /var/cache ' +
  '-o -path /var/lib/postgrey -o -path /var/lib/systemd -o -path /var/lib/greyd \\)';
/** All files with mode, owner and content. */
const FILES =
  `find / -xdev ${BOOKS} -prune -o -printf '%p %y %m %u %g %l\\n' | sort; ` +
  'find /etc /var/backups -type f -print0 | sort -z | xargs -0 sha256sum';
/** And when they were changed. */
const TIMES = `find / -xdev ${BOOKS} -prune -o -printf '%p %T@\\n' | sort; ls -la --full-time /var/lib/greyd`;
const RECORDS = 'greyctl list triplets; greyctl list clients';
const POSTGREY_RECORDS = 'db_dump -p /var/lib/postgrey/postgrey.db';

describe.runIf(POSSIBLE)('under systemd', () => {
  const UNITS = 'greyd.socket greyd.service postgrey.service';
  const state = (machine: Machine) => ({
    files: machine.run(FILES).split('\n'),
    units: machine.run(
      `systemctl show --property=Id,ActiveState,UnitFileState,Listen ${UNITS}; ss -Htln | awk '{print $4}' | sort`,
    ),
    records: machine.attempt(RECORDS).output,
    learned: machine.run(POSTGREY_RECORDS),
  });

  test.for(RELEASES)('greyd answers as postgrey did, on $name', async ({ release }) => {
    const machine = await taught(release);
    const before = answersOn(machine);
    const passes = before.map((answer) => answer === 'DUNNO');
    expect(passes).toEqual(passes.map((_, index) => index < PASSING));
    expect(before.at(-1)).toContain(`help/${machine.run('hostname')}.html`);
    const times = machine.run(TIMES);
    const units = machine.run(`systemctl show --property=ActiveState,UnitFileState,InvocationID ${UNITS}`);
    const steps = machine.run('greyctl migrate --dry-run');
    expect(steps).toMatch(/^1\. keep a copy of greyd's database$/m);
    expect(machine.run(TIMES)).toBe(times);
    expect(machine.run(`systemctl show --property=ActiveState,UnitFileState,InvocationID ${UNITS}`)).toBe(
      units,
    );

    const printed = machine.run('greyctl migrate');
    expect(printed).toContain('what has passed before passes: ');
    // What was announced is what is done.
    expect(printed.match(/^\d+\. .*$/gm)?.join('\n')).toBe(steps);
    expect(answersOn(machine)).toEqual(before);
    expect(
      machine.run(`systemctl is-active greyd.socket greyd; systemctl is-enabled greyd.socket greyd`),
    ).toBe('active\nactive\nenabled\nenabled');
    expect(machine.attempt('systemctl is-active postgrey; systemctl is-enabled postgrey').output).toBe(
      'inactive\ndisabled',
    );
    expect(machine.run("ss -Htln | awk '{print $4}' | sort")).toBe(`127.0.0.1:${PORT}\n[::1]:${PORT}`);
    expect(machine.run('cat /etc/default/greyd')).toContain(`POSTGREY_OPTS="${OPTIONS}"`);
    expect(machine.run('cat /etc/greyd/whitelist_clients.local')).toBe(
      '# From /etc/postgrey/whitelist_clients:\ntyped-in.example\n\n' +
        '# From /etc/postgrey/whitelist_clients.local:\n# a partner\npartner.example # since 2020',
    );
    expect(machine.run('ls /var/backups')).not.toContain('greyd');
    // Of what was asked for the check nothing is left.
    expect(machine.run(RECORDS)).not.toContain('greyctl-migrate');

    // The sockets are systemd's: the first connection starts greyd.
    machine.run('systemctl stop greyd.socket greyd && systemctl start greyd.socket');
    expect(answersOn(machine)).toEqual(before);

    // It may be done once more, and postgrey's package may go.
    machine.run('greyctl migrate');
    machine.run('apt-get remove -y postgrey');
    expect(answersOn(machine)).toEqual(before);
  });

  test.for(RELEASES)('everything is as it was before if it goes wrong, on $name', async ({ release }) => {
    const machine = await taught(release);
    machine.run('echo known.example >/etc/greyd/whitelist_clients.local && chmod 600 /etc/greyd/*.local');
    machine.run(
      'greyctl query 127.0.0.1:60000 client_address=192.0.2.77 sender=a@example.net recipient=b@example.org',
    );
    const answers = answersOn(machine);
    // Each is broken only from the moment on at which greyd gets postgrey's options.
    const isMigrated = `grep -q ${PORT} /etc/default/greyd`;
    const troubles = [
      [
        'greyd does not start',
        `ExecStartPre=/bin/sh -c "! ${isMigrated}"`,
        /^failed: systemctl start .* journalctl -u greyd$/m,
      ],
      [
        'it passes all mail',
        'ExecStart=\nExecStart=/bin/sh -c "exec /usr/sbin/greyd $POSTGREY_OPTS --dry-run"',
        /^failed: greyd on 127\.0\.0\.1:10023 lets pass what is to be put off: DUNNO$/m,
      ],
      [
        'it hangs, and the administrator breaks off',
        `ExecStartPre=/bin/sh -c "${isMigrated} && sleep 60 || true"`,
        /^failed: broken off$/m,
      ],
    ] as const;
    for (const [name, setting, reason] of troubles) {
      machine.run(`mkdir -p /etc/systemd/system/greyd.service.d`);
      machine.run(
        `cat >/etc/systemd/system/greyd.service.d/trouble.conf <<'END'\n[Service]\n${setting}\nEND`,
      );
      machine.run('systemctl daemon-reload && systemctl restart greyd');
      await restartPostgrey(machine);
      const before = state(machine);
      // The signal comes while greyd starts.
      machine.run('rm -f /tmp/out; greyctl migrate >/tmp/out 2>&1 & echo $! >/tmp/pid');
      if (name.includes('breaks off')) {
        await machine.until("grep -q '^[0-9]*\\. start greyd' /tmp/out");
        machine.run('kill -INT $(cat /tmp/pid)');
      }
      await machine.until('! kill -0 $(cat /tmp/pid) 2>/dev/null');
      const printed = machine.run('cat /tmp/out');
      expect(printed, name).toMatch(reason);
      expect(printed, name).toContain('everything is as it was before');
      expect(printed, name).toContain(`postgrey answers on 127.0.0.1:${PORT}`);
      expect(state(machine), name).toEqual(before);
      expect(answersOn(machine), name).toEqual(answers);
    }
  });
});

/** What postgrey is started with, where it is asked then, and what greyd has of that. */
const SOCKETS = [
  // As in every tutorial; greyd was not started at its installation then.
  ['the port of greyd', '--inet=127.0.0.1:60000', '127.0.0.1:60000', '127.0.0.1:60000'],
  // In a folder that greyd's sandbox does not have, for Postfix' group alone.
  ['a unix socket', '--unix=/var/spool/postfix/postgrey/socket --socketmode=0660', SOCKET, SOCKET.slice(5)],
] as const;

test.runIf(POSSIBLE).for(SOCKETS)('postgrey on %s', async ([, options, target, place]) => {
  const machine = await Machine.boot('bookworm');
  machine.run('install -d -m 0755 /var/spool/postfix/postgrey');
  await installPostgrey(machine, `${options} ${DELAY}`);
  machine.copyIn(DEB);
  machine.run(`apt-get install -y /root/${DEB}`);
  teachPostgrey(machine, target);
  const before = answersOn(machine, target);
  const ownership = machine.attempt(`stat -c '%a %U %G' ${place}`).output;
  const units = 'systemctl is-active greyd.socket greyd; systemctl is-enabled greyd.socket greyd';
  const wasActive = machine.attempt(units).output;
  // What is missing is found beforehand.
  machine.run('mv /usr/bin/db5.3_recover /usr/bin/db5.3_recover.away');
  expect(machine.attempt('greyctl migrate').output).toContain('db_recover');
  expect(machine.attempt(units).output).toBe(wasActive);
  machine.run('mv /usr/bin/db5.3_recover.away /usr/bin/db5.3_recover');

  machine.run('greyctl migrate');
  expect(machine.run(units)).toBe('active\nactive\nenabled\nenabled');
  expect(machine.run('ss -Hltx | grep -E "60000|postgrey"')).toContain(` ${place} `);
  expect(machine.attempt(`stat -c '%a %U %G' ${place}`).output).toBe(ownership);
  expect(answersOn(machine, target)).toEqual(before);
  machine.run('systemctl restart greyd');
  expect(answersOn(machine, target)).toEqual(before);
});

test.runIf(POSSIBLE).for(RELEASES)('without systemd, both ways, on $name', async ({ release }) => {
  const machine = await taught(release, 'none');
  const answers = answersOn(machine);
  await restartPostgrey(machine);
  const before = { files: machine.run(FILES).split('\n'), learned: machine.run(POSTGREY_RECORDS) };
  // It is started as another account, which may not read its database.
  machine.run("sed -i 's/--user=greyd/--user=nobody/' /etc/init.d/greyd");
  const failed = machine.attempt('greyctl migrate');
  expect(failed.status).toBe(1);
  expect(failed.output).toContain('lets pass what is to be put off');
  expect(failed.output).toContain(`postgrey answers on 127.0.0.1:${PORT}`);
  machine.run("sed -i 's/--user=nobody/--user=greyd/' /etc/init.d/greyd");
  expect({ files: machine.run(FILES).split('\n'), learned: machine.run(POSTGREY_RECORDS) }).toEqual(before);
  expect(answersOn(machine)).toEqual(answers);

  machine.run('greyctl migrate');
  expect(answersOn(machine)).toEqual(answers);
  expect(machine.attempt('service postgrey status').status).not.toBe(0);
  expect(machine.run('service greyd status')).toContain('is running');
  expect(machine.run('ls /etc/rc2.d')).toMatch(/^S\d\dgreyd$/m);
  expect(machine.run('ls /etc/rc2.d')).toMatch(/^K\d\dpostgrey$/m);
});

/** A machine with both, as an administrator has it who has just installed greyd. */
async function taught(release: Release, init: 'systemd' | 'none' = 'systemd'): Promise<Machine> {
  const machine = await Machine.boot(release, init);
  await installPostgrey(machine);
  machine.copyIn(DEB);
  expect(machine.run(`apt-get install -y /root/${DEB}`)).toMatch(/^ {4}greyctl migrate$/m);
  teachPostgrey(machine);
  return machine;
}
