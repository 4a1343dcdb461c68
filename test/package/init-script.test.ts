/**
 * The package on a Debian whose process 1 is no systemd: greyd is started, reloaded, restarted and stopped by its init
 * script.
 */
import { expect, test } from 'vitest';
import { canRun } from '../support/requirements.ts';
import { DEB } from './deb.ts';
import { MACHINE_NEEDS, Machine, RELEASES } from './machine.ts';

const POSSIBLE = canRun('the init script of the package', MACHINE_NEEDS);

test.runIf(POSSIBLE).for(RELEASES)('an init script runs greyd on $name', async ({ release }) => {
  const machine = await Machine.boot(release, 'none');
  machine.copyIn(DEB);
  const printed = machine.run(`apt-get install -y /root/${DEB}`);
  expect(printed).toContain('check_policy_service { inet:127.0.0.1:60000,');
  expect(printed).not.toContain('not running');

  const pid = () => machine.run('cat /run/greyd.pid');
  const first = pid();
  expect(machine.run(`ps -o user=,comm= -p ${first}`)).toMatch(/^greyd +greyd$/);
  expect(machine.run('service greyd status')).toContain('is running');
  expect(machine.run('greyctl query --check 127.0.0.1:60000')).toMatch(/^GREYD OK/);
  // One that runs is left alone.
  machine.run('service greyd start');
  expect(pid()).toBe(first);
  machine.run('service greyd reload');
  expect(pid()).toBe(first);
  machine.run(`sed -i 's/^#POSTGREY_TEXT=.*/POSTGREY_TEXT="Come back in %s seconds"/' /etc/default/greyd`);
  machine.run('service greyd restart');
  expect(pid()).not.toBe(first);
  expect(
    machine.run(
      'greyctl query 127.0.0.1:60000 client_address=192.0.2.1 sender=a@example.net recipient=b@example.org',
    ),
  ).toContain('Come back in 300 seconds');
  machine.run('service greyd stop');
  expect(machine.attempt('service greyd status').status).toBe(3);
  expect(machine.run('ss -Htln sport = :60000')).toBe('');

  machine.run(`sed -i 's/--delay=300/--delay=soon/' /etc/default/greyd`);
  const failed = machine.attempt('service greyd start');
  expect(failed.status).toBe(1);
  expect(failed.output).toContain('--delay');
  // An upgrade is not held up by it.
  machine.run(`apt-get install -y --reinstall /root/${DEB}`);

  machine.run('apt-get purge -y greyd');
  expect(machine.attempt('find /etc /run /var/lib/greyd -name "*greyd*" 2>/dev/null').output).toBe('');
});
