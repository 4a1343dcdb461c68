/**
 * greyctl migrate on Debian with a real postgrey beside greyd: the same answers after as before.
 */
import { expect, test } from 'vitest';
import { canRun } from '../support/requirements.ts';
import { MACHINE_NEEDS, RELEASES } from './machine.ts';
import { answersOn, DELAY, OPTIONS, PASSING, PORT, RECORDS, taught, UNITS } from './postgrey.ts';
import { OF_GREYD, OF_OTHERS, TIMES } from './snapshot.ts';

const SOCKET = 'unix:/var/spool/postfix/postgrey/socket';

const POSSIBLE = canRun('greyctl migrate', MACHINE_NEEDS);

test.runIf(POSSIBLE).for(RELEASES)('greyd answers as postgrey did, on $name', async ({ release }) => {
  const machine = await taught(release);
  const before = answersOn(machine);
  const passes = before.map((answer) => answer === 'DUNNO');
  expect(passes).toEqual(passes.map((_, index) => index < PASSING));
  expect(before.at(-1)).toContain(`help/${machine.run('hostname')}.html`);
  const times = machine.run(TIMES);
  const units = machine.run(`systemctl show --property=ActiveState,UnitFileState,InvocationID ${UNITS}`);
  const steps = machine.run('greyctl migrate --dry-run');
  expect(steps).toMatch(/^1\. copy greyd's database, for a rollback$/m);
  expect(machine.run(TIMES)).toBe(times);
  expect(machine.run(`systemctl show --property=ActiveState,UnitFileState,InvocationID ${UNITS}`)).toBe(
    units,
  );

  const printed = machine.run('greyctl migrate');
  expect(printed).toContain('mail that has passed before passes: ');
  // The steps are those that were announced.
  expect(printed.match(/^\d+\. .*$/gm)).toEqual(steps.match(/^\d+\. .*$/gm));
  expect(answersOn(machine)).toEqual(before);
  expect(machine.run(`systemctl is-active greyd.socket greyd; systemctl is-enabled greyd.socket greyd`)).toBe(
    'active\nactive\nenabled\nenabled',
  );
  expect(machine.attempt('systemctl is-active postgrey; systemctl is-enabled postgrey').output).toBe(
    'inactive\ndisabled',
  );
  // Postfix may have been told of greyd already: it goes on to serve there.
  expect(machine.run("ss -Htln | awk '{print $4}' | sort")).toBe(
    `127.0.0.1:${PORT}\n127.0.0.1:60000\n[::1]:${PORT}`,
  );
  expect(answersOn(machine, '127.0.0.1:60000')).toEqual(before);
  expect(machine.run('cat /etc/default/greyd')).toContain(`POSTGREY_OPTS="${OPTIONS}"`);
  expect(machine.run('cat /etc/greyd/whitelist_clients.local')).toBe(
    '# From /etc/postgrey/whitelist_clients:\ntyped-in.example\n\n' +
      '# From /etc/postgrey/whitelist_clients.local:\n# a partner\npartner.example # since 2020',
  );
  expect(machine.run('ls /var/backups')).not.toContain('greyd');
  // Nothing is left of the requests of the check.
  expect(machine.run(RECORDS)).not.toContain('greyctl-migrate');

  // The sockets are systemd's: the first connection starts greyd.
  machine.run('systemctl stop greyd.socket greyd && systemctl start greyd.socket');
  expect(answersOn(machine)).toEqual(before);

  // It can be repeated, and postgrey's package may be removed.
  machine.run('greyctl migrate');
  expect(answersOn(machine, '127.0.0.1:60000')).toEqual(before);
  machine.run('apt-get remove -y postgrey');
  expect(answersOn(machine)).toEqual(before);

  // The leftover of one that was killed.
  machine.run('mkdir /var/backups/greyd-migrate-killed && touch /var/backups/greyd-migrate-killed/greyd.db');
  expect(machine.run(OF_GREYD)).toContain('/etc/systemd/system/greyd.socket.d');
  const others = machine.run(OF_OTHERS);
  machine.run('apt-get purge -y greyd');
  expect(machine.run(OF_GREYD)).toBe('');
  expect(machine.run(OF_OTHERS)).toBe(others);
});

/** The options of postgrey, the address to ask it at, and greyd's sockets after the migration. */
const SOCKETS = [
  // As in every tutorial; greyd was not started at its installation then.
  ['the port of greyd', '--inet=127.0.0.1:60000', '127.0.0.1:60000', '127.0.0.1:60000'],
  // In a folder that greyd's sandbox does not have, for Postfix' group alone.
  ['a unix socket', '--unix=/var/spool/postfix/postgrey/socket --socketmode=0660', SOCKET, SOCKET.slice(5)],
] as const;

test.runIf(POSSIBLE).for(SOCKETS)('postgrey on %s', async ([, options, target, place]) => {
  const machine = await taught('bookworm', { options: `${options} ${DELAY}`, target });
  const before = answersOn(machine, target);
  const ownership = machine.attempt(`stat -c '%a %U %G' ${place}`).output;
  const units = 'systemctl is-active greyd.socket greyd; systemctl is-enabled greyd.socket greyd';
  const wasActive = machine.attempt(units).output;
  // The obstacle is found beforehand.
  const refusal = () => machine.attempt('greyctl migrate').output;
  machine.run('mv /usr/bin/db5.3_recover /usr/bin/db5.3_recover.away');
  expect(refusal()).toContain('db_recover is not installed');
  machine.run('mv /usr/bin/db5.3_recover.away /usr/bin/db5.3_recover; systemctl mask greyd.socket');
  expect(refusal()).toBe('greyctl: greyd.socket is masked: systemctl unmask greyd.socket');
  machine.run('systemctl unmask greyd.socket');
  expect(machine.attempt('flock /run/greyctl-migrate.lock greyctl migrate').output).toContain(
    'is running: wait until it ends',
  );
  expect(machine.attempt(units).output).toBe(wasActive);

  machine.run('greyctl migrate');
  expect(machine.run(units)).toBe('active\nactive\nenabled\nenabled');
  expect(machine.run('ss -Hltx | grep -E "60000|postgrey"')).toContain(` ${place} `);
  expect(machine.attempt(`stat -c '%a %U %G' ${place}`).output).toBe(ownership);
  expect(answersOn(machine, target)).toEqual(before);
  machine.run('systemctl restart greyd');
  expect(answersOn(machine, target)).toEqual(before);
});
