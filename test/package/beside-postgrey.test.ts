/**
 * The package on a host whose postgrey answers Postfix: it must go on doing so, whatever its port is.
 */
import { expect, test } from 'vitest';
import { canRun } from '../support/requirements.ts';
import { installGreyd } from './deb.ts';
import { MACHINE_NEEDS, Machine } from './machine.ts';
import { postgreyServes, restartPostgrey } from './postgrey.ts';

const POSSIBLE = canRun('the package beside postgrey', MACHINE_NEEDS);

const TAKEN = /neither started nor enabled: another program listens on\s+port (\d+)\. /;

const ask = (machine: Machine, port: number) =>
  machine.run(
    `greyctl query 127.0.0.1:${port} client_address=192.0.2.1 sender=a@example.net recipient=b@example.org`,
  );

test.runIf(POSSIBLE)('greyd serves beside a postgrey on another port', async () => {
  const machine = await Machine.boot('bookworm');
  machine.run('apt-get install -y --no-install-recommends postgrey');
  const printed = installGreyd(machine);
  expect(printed).toMatch(/^ +apt-get install db-util && greyctl migrate$/m);
  expect(machine.run('systemctl is-active greyd.service greyd.socket postgrey')).toBe(
    'active\nactive\nactive',
  );
  expect(ask(machine, 60000)).toMatch(/^action=DEFER_IF_PERMIT /);
  await postgreyServes(machine);
  expect(ask(machine, 10023)).toMatch(/^action=DEFER_IF_PERMIT /);
});

test.runIf(POSSIBLE)('a postgrey on the port of greyd keeps it, now and after a reboot', async () => {
  const machine = await Machine.boot('trixie');
  machine.run('apt-get install -y --no-install-recommends postgrey db-util');
  machine.run("sed -i 's/--inet=10023/--inet=127.0.0.1:60000/' /etc/default/postgrey");
  await restartPostgrey(machine);
  const printed = installGreyd(machine);
  expect(TAKEN.exec(printed)?.[1]).toBe('60000');
  expect(printed).toMatch(/^ +greyctl migrate$/m);
  expect(printed).not.toContain('check_policy_service');
  expect(machine.attempt('systemctl is-enabled greyd.service greyd.socket').output).toBe(
    'disabled\ndisabled',
  );
  expect(machine.attempt('systemctl is-active greyd.service greyd.socket').output).toBe('inactive\ninactive');
  expect(machine.journal('-t postgrey')).not.toContain('cannot listen');
  expect(ask(machine, 60000)).toMatch(/^action=DEFER_IF_PERMIT /);
  expect(machine.run('ss -Htlnp sport = :60000')).toContain('postgrey');

  // The commands of the message.
  machine.run('systemctl disable --now postgrey && systemctl enable --now greyd.socket greyd');
  expect(machine.run('greyctl query --check 127.0.0.1:60000')).toMatch(/^GREYD OK/);
  machine.run(`apt-get remove -y greyd && systemctl enable --now postgrey`);
  await postgreyServes(machine);
  expect(TAKEN.exec(installGreyd(machine))?.[1]).toBe('60000');
  expect(machine.attempt('systemctl is-enabled greyd.service greyd.socket').output).toBe(
    'disabled\ndisabled',
  );

  // The same on the port that greyd has since a migration.
  machine.run("sed -i 's/--inet=127.0.0.1:60000/--inet=10023/' /etc/default/postgrey");
  await restartPostgrey(machine);
  expect(machine.run('greyctl migrate')).toContain('no mail in the records has passed yet');
  machine.run('apt-get remove -y greyd && systemctl enable --now postgrey');
  await postgreyServes(machine);
  expect(TAKEN.exec(installGreyd(machine))?.[1]).toBe('10023');
  expect(machine.attempt('systemctl is-active greyd.service greyd.socket').output).toBe('inactive\ninactive');
  expect(machine.run('ss -Htlnp sport = :10023')).toContain('postgrey');
});
