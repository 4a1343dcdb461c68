/**
 * greyctl migrate when it goes wrong, on Debian with a real postgrey beside greyd: everything is as it was before.
 */
import { expect, test } from 'vitest';
import { canRun } from '../support/requirements.ts';
import { MACHINE_NEEDS, type Machine, RELEASES } from './machine.ts';
import { answersOn, PORT, RECORDS, restartPostgrey, taught, UNITS } from './postgrey.ts';
import { FILES } from './snapshot.ts';

const POSSIBLE = canRun('the undo of greyctl migrate', MACHINE_NEEDS);

const POSTGREY_RECORDS = 'db_dump -p /var/lib/postgrey/postgrey.db';

interface Trouble {
  readonly name: string;
  /** A setting of greyd's unit. */
  readonly setting: string;
  /** The message to the administrator. */
  readonly reason: RegExp;
  readonly isBrokenOff?: boolean;
}

const state = (machine: Machine) => ({
  files: machine.run(FILES).split('\n'),
  units: machine.run(
    `systemctl show --property=Id,ActiveState,UnitFileState,Listen ${UNITS}; ss -Htln | awk '{print $4}' | sort`,
  ),
  records: machine.attempt(RECORDS).output,
  learned: machine.run(POSTGREY_RECORDS),
});

test.runIf(POSSIBLE).for(RELEASES)(
  'everything is as it was before if it goes wrong, on $name',
  async ({ release }) => {
    const machine = await taught(release);
    machine.run('cd /etc/greyd; echo known.example >whitelist_clients.local; chgrp greyd *.local');
    machine.run('chmod 640 /etc/greyd/*.local');
    machine.run(
      'greyctl query 127.0.0.1:60000 client_address=192.0.2.77 sender=a@example.net recipient=b@example.org',
    );
    const answers = answersOn(machine);
    // Each is broken only from the moment on at which greyd gets postgrey's options.
    const isMigrated = `grep -q ${PORT} /etc/default/greyd`;
    const troubles: Trouble[] = [
      {
        name: 'greyd does not start',
        setting: `ExecStartPre=/bin/sh -c "! ${isMigrated}"`,
        reason: /^failed: systemctl start .* journalctl -u greyd$/m,
      },
      {
        name: 'it passes all mail',
        setting: 'ExecStart=\nExecStart=/bin/sh -c "exec /usr/sbin/greyd $POSTGREY_OPTS --dry-run"',
        reason: /^failed: greyd on 127\.0\.0\.1:10023 does not defer a new mail: DUNNO$/m,
      },
      {
        name: 'it hangs, and the administrator breaks off',
        setting: `ExecStartPre=/bin/sh -c "${isMigrated} && sleep 60 || true"`,
        reason: /^failed: interrupted$/m,
        isBrokenOff: true,
      },
    ];
    for (const { name, setting, reason, isBrokenOff } of troubles) {
      machine.run(`mkdir -p /etc/systemd/system/greyd.service.d`);
      machine.run(
        `cat >/etc/systemd/system/greyd.service.d/trouble.conf <<'END'\n[Service]\n${setting}\nEND`,
      );
      machine.run('systemctl daemon-reload && systemctl restart greyd');
      await restartPostgrey(machine);
      const before = state(machine);
      machine.run('rm -f /tmp/out; greyctl migrate >/tmp/out 2>&1 & echo $! >/tmp/pid');
      if (isBrokenOff) {
        // While greyd starts.
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
  },
);

test.runIf(POSSIBLE).for(RELEASES)('without systemd, both ways, on $name', async ({ release }) => {
  const machine = await taught(release, { init: 'none' });
  const answers = answersOn(machine);
  await restartPostgrey(machine);
  const before = { files: machine.run(FILES).split('\n'), learned: machine.run(POSTGREY_RECORDS) };
  // greyd is started as another account, which may not read its database.
  machine.run("sed -i 's/--user=greyd/--user=nobody/' /etc/init.d/greyd");
  const failed = machine.attempt('greyctl migrate');
  expect(failed.status).toBe(1);
  expect(failed.output).toContain('does not defer a new mail');
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
