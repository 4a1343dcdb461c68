/**
 * greyctl migrate on hosts that are not as Debian has them: postgrey with an init script alone, or with files and
 * options of the administrator's, and a greyd that is asked in other places already.
 */
import { expect, test } from 'vitest';
import { canRun } from '../support/requirements.ts';
import { installGreyd } from './deb.ts';
import { MACHINE_NEEDS, Machine } from './machine.ts';
import {
  answersOn,
  DELAY,
  installPostgrey,
  PORT,
  postgreyServes,
  taught,
  teachPostgrey,
} from './postgrey.ts';

const POSSIBLE = canRun('greyctl migrate on other hosts', MACHINE_NEEDS);

const ENABLED = 'systemctl is-enabled postgrey greyd.socket greyd 2>/dev/null';

test.runIf(POSSIBLE)('postgrey has an init script alone, and greyd sockets of its own', async () => {
  const machine = await taught('bookworm');
  // A file for a shell, which expands in it what systemd does not: nobody knows what postgrey is to have.
  machine.run(
    `printf 'POSTGREY_OPTS="--inet=${PORT}"\\nPOSTGREY_OPTS="$POSTGREY_OPTS ${DELAY}" # ours\\n' >/etc/default/postgrey`,
  );
  expect(machine.attempt('greyctl migrate').output).toMatch(
    new RegExp(
      `^greyctl: /etc/default/postgrey:2: systemd and an init script read POSTGREY_OPTS .*: write POSTGREY_OPTS="--inet=${PORT} ${DELAY}"; nothing was changed$`,
      'm',
    ),
  );
  machine.run('rm /lib/systemd/system/postgrey.service; systemctl daemon-reload; systemctl restart postgrey');
  expect(machine.run('systemctl show --property=SourcePath --value postgrey')).toBe('/etc/init.d/postgrey');
  machine.run('mkdir -p /etc/systemd/system/greyd.socket.d');
  machine.run(
    "printf '[Socket]\\nListenStream=/run/greyd-too\\n' >/etc/systemd/system/greyd.socket.d/override.conf",
  );
  machine.run("sed -i 's/:60000/:60001/' /etc/default/greyd; systemctl daemon-reload");
  machine.run('systemctl disable greyd.service; systemctl stop greyd; systemctl restart greyd.socket greyd');
  const before = answersOn(machine);
  const sockets = machine.run(`ss -Htln | awk '{print $4}' | sort`);
  expect(sockets).toBe(`127.0.0.1:${PORT}\n127.0.0.1:60000\n127.0.0.1:60001\n[::1]:${PORT}`);

  // Whose a socket is to be that not all may use is not guessed.
  machine.run(`echo 'POSTGREY_OPTS="--unix=/run/none --socketmode=0660"' >/root/options`);
  expect(machine.attempt('greyctl migrate --dry-run --postgrey-defaults=/root/options').output).toMatch(
    /^greyctl: \/run\/none: no such socket now, .*: start postgrey first$/m,
  );

  // The last step fails when postgrey is disabled already.
  const links = '/etc/systemd/system/multi-user.target.wants';
  machine.run(`mv ${links} ${links}.away; touch ${links}`);
  const enabled = machine.attempt(ENABLED).output;
  const failed = machine.attempt('greyctl migrate');
  machine.run(`rm ${links}; mv ${links}.away ${links}`);
  expect(failed.output).toMatch(/^failed: systemctl enable greyd\.socket greyd\.service: /m);
  expect(failed.output).toContain('everything is as it was before');
  expect(machine.attempt(ENABLED).output).toBe(enabled);
  expect(enabled).toBe('enabled\nenabled\ndisabled');
  expect(answersOn(machine)).toEqual(before);

  const printed = machine.run('greyctl migrate');
  expect(printed).toMatch(/^greyctl: greyd will no longer listen on \/run\/greyd-too: /m);
  expect(machine.run(`ss -Htln | awk '{print $4}' | sort`)).toBe(sockets);
  expect(machine.run('cat /etc/default/greyd')).toContain(`POSTGREY_OPTS="--inet=${PORT} ${DELAY}"`);
  for (const target of [`127.0.0.1:${PORT}`, '127.0.0.1:60000', '127.0.0.1:60001'])
    expect(answersOn(machine, target)).toEqual(before);
  expect(machine.attempt(ENABLED).output).toBe('disabled\nenabled\nenabled');
});

test.runIf(POSSIBLE)('postgrey has its options in its unit, and files in other places', async () => {
  const machine = await Machine.boot('trixie');
  await installPostgrey(machine);
  const options = `--inet=${PORT} ${DELAY} --privacy --dbdir=/srv/postgrey`;
  const lists = ['clients', 'clients.local', 'recipients', 'recipients.local'];
  machine.run('systemctl stop postgrey; install -d -o postgrey -g postgrey /srv/postgrey');
  machine.run('mv /etc/postgrey /etc/postgrey.mine; mkdir -p /etc/systemd/system/postgrey.service.d');
  const words = lists.map((name) => `--whitelist-${name.split('.')[0]}=/etc/postgrey.mine/whitelist_${name}`);
  machine.run(
    `printf '[Service]\\nExecStart=\\nExecStart=/usr/sbin/postgrey ${options} ${words.join(' ')}\\n' ` +
      '>/etc/systemd/system/postgrey.service.d/override.conf',
  );
  machine.run('systemctl daemon-reload; systemctl start postgrey');
  await postgreyServes(machine);
  installGreyd(machine);
  teachPostgrey(machine);
  const before = answersOn(machine);

  expect(machine.attempt('greyctl migrate').output).toMatch(
    /^greyctl: postgrey\.service has options that are not from POSTGREY_OPTS, .*--postgrey-defaults=FILE$/m,
  );
  machine.run(`echo 'POSTGREY_OPTS="${options} ${words.join(' ')}"' >/root/options`);
  const printed = machine.run(
    'greyctl migrate --postgrey-defaults=/root/options --postgrey-whitelists=/etc/postgrey.mine',
  );
  expect(printed).toContain('import the records in /srv/postgrey, now that greyd runs with --privacy');
  expect(answersOn(machine)).toEqual(before);
  expect(machine.run('cat /etc/greyd/whitelist_clients.local')).toContain('partner.example # since 2020');
  expect(machine.run('systemctl is-active greyd; systemctl is-enabled greyd')).toBe('active\nenabled');
});

test.runIf(POSSIBLE)('it was killed half way, and is done again', async () => {
  const machine = await taught('bookworm');
  const before = answersOn(machine);
  machine.run('mkdir -p /etc/systemd/system/greyd.service.d');
  // Only with the options of postgrey, so that the migration has come as far as that.
  machine.run(
    `printf '[Service]\\nExecStartPre=/bin/sh -c "grep -q ${PORT} /etc/default/greyd && sleep 600 || true"\\n' ` +
      '>/etc/systemd/system/greyd.service.d/slow.conf; systemctl daemon-reload',
  );
  machine.run('greyctl migrate >/tmp/out 2>&1 & echo $! >/tmp/pid');
  await machine.until("grep -q '^[0-9]*\\. start greyd' /tmp/out");
  machine.run('kill -KILL $(cat /tmp/pid)');
  machine.run('rm /etc/systemd/system/greyd.service.d/slow.conf; systemctl daemon-reload');
  machine.run('systemctl stop greyd.socket greyd');
  machine.run('greyctl migrate');
  for (const target of [`127.0.0.1:${PORT}`, '127.0.0.1:60000'])
    expect(answersOn(machine, target)).toEqual(before);
});
