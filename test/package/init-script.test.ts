/**
 * The package on a Debian whose process 1 is no systemd: greyd is started, reloaded, restarted and stopped by its init
 * script.
 */
import { expect, test } from 'vitest';
import { canRun } from '../support/requirements.ts';
import { DEB, installGreyd } from './deb.ts';
import { MACHINE_NEEDS, Machine, RELEASES } from './machine.ts';

const POSSIBLE = canRun('the init script of the package', MACHINE_NEEDS);

const query = (client: string) =>
  `greyctl query 127.0.0.1:60000 client_address=${client} sender=a@example.net recipient=b@example.org`;

/** Has a port of 127.0.0.1 and does nothing with it. */
const LISTENER =
  '$s = IO::Socket::INET->new(Listen => 1, LocalAddr => "127.0.0.1", LocalPort => $ARGV[0]) or die; sleep';

test.runIf(POSSIBLE).for(RELEASES)('an init script runs greyd on $name', async ({ release }) => {
  const machine = await Machine.boot(release, 'none');
  const printed = installGreyd(machine);
  expect(printed).toContain('check_policy_service { inet:127.0.0.1:60000,');
  expect(printed).toMatch(/^greyd serves on 127\.0\.0\.1:60000\. /m);

  const pid = () => machine.run('pgrep --exact greyd');
  const first = pid();
  expect(machine.run('cat /run/greyd.pid')).toBe(first);
  expect(machine.run(`ps -o user=,comm= -p ${first}`)).toMatch(/^greyd +greyd$/);
  expect(machine.run('service greyd status')).toContain('is running');
  expect(machine.run('greyctl query --check 127.0.0.1:60000')).toMatch(/^GREYD OK/);
  // One that runs is left alone.
  machine.run('service greyd start');
  expect(pid()).toBe(first);
  expect(machine.run(query('198.51.100.9'))).toContain('action=DEFER_IF_PERMIT');
  machine.run('echo 198.51.100.9 >>/etc/greyd/whitelist_clients && service greyd reload');
  await machine.until(`${query('198.51.100.9')} | grep --line-regexp action=DUNNO`);
  expect(pid()).toBe(first);
  machine.run(`sed -i 's/^#POSTGREY_TEXT=.*/POSTGREY_TEXT="Come back in %s seconds"/' /etc/default/greyd`);
  machine.run('service greyd restart');
  expect(pid()).not.toBe(first);
  expect(machine.run(query('192.0.2.1'))).toContain('Come back in 300 seconds');
  machine.run('service greyd stop');
  expect(machine.attempt('service greyd status').status).toBe(3);
  expect(machine.run('ss -Htln sport = :60000')).toBe('');

  machine.run(`sed -i 's/--delay=300/--delay=soon/' /etc/default/greyd`);
  const failed = machine.attempt('service greyd start');
  expect(failed.status).toBe(1);
  expect(failed.output).toContain('--delay');
  // An upgrade is not held up by it.
  machine.run(`apt-get install -y --reinstall /root/${DEB}`);

  // The folder of the database may be a file system of its own.
  machine.run('mount --bind /var/lib/greyd /var/lib/greyd && apt-get purge -y greyd');
  expect(machine.run('find /etc /run /var/lib -name "*greyd*"')).toBe('/var/lib/greyd');
  expect(machine.run('ls -A /var/lib/greyd')).toBe('');

  machine.run(`perl -MIO::Socket -e '${LISTENER}' 60000 >/dev/null 2>&1 & echo $! >/tmp/pid`);
  await machine.until('ss -Htln sport = :60000 | grep .');
  const taken = installGreyd(machine);
  expect(taken).toMatch(/another program listens on\s+port 60000\. /);
  expect(taken).not.toContain('systemctl');
  expect(machine.attempt('pgrep --exact greyd').output).toBe('');
  const [, enable = ''] = /^ +(update-rc\.d .*)$/m.exec(taken) ?? [];
  machine.run('kill $(cat /tmp/pid)');
  await machine.until('! ss -Htln sport = :60000 | grep .');
  machine.run(enable);
  expect(machine.run('greyctl query --check 127.0.0.1:60000')).toMatch(/^GREYD OK/);
  expect(machine.run('ls /etc/rc2.d')).toMatch(/^S\d\dgreyd$/m);
});
