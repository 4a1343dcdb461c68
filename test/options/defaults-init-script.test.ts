/**
 * /etc/default/greyd under an init script: the daemon and greyctl go by the same options, whatever a shell makes of it.
 */
import { expect, test } from 'vitest';
import { OWN_DEBIAN_NEEDS, OwnDebian } from '../support/own-debian.ts';
import { canRun } from '../support/requirements.ts';

const NEW = {
  client_address: '192.0.2.9',
  client_name: 'mx.example.net',
  sender: 'new@example.net',
  recipient: 'bob@example.org',
};

test.runIf(canRun('greyd under its init script', OWN_DEBIAN_NEEDS)).each([
  [
    'appended',
    'POSTGREY_OPTS="--inet=10023 --delay=199 --max-age=35"\n' +
      'POSTGREY_OPTS="$POSTGREY_OPTS --whitelist-clients=/etc/greyd/whitelist_clients"\n',
    199,
  ],
  ['a variable', 'DELAY=60\nPOSTGREY_OPTS="--inet=127.0.0.1:10023 --delay=$DELAY" # a minute\n', 60],
  ['exported, continued', 'export POSTGREY_OPTS="--inet=10023 \\\n  --delay=77"; X=1\n', 77],
  // A greylist-text that a shell tears apart is none of ours, and the option behind it counts.
  ['torn', `POSTGREY_OPTS="--inet=10023 --x-greylist-header='X-Grey: %t' --delay=88"\n`, 88],
])('%s', async (_, text, delay) => {
  const machine = await OwnDebian.boot();
  machine.run(`cat >/etc/default/greyd <<'END'\n${text}POSTGREY_TEXT="wait %s"\nEND`);
  machine.run('service greyd start');
  await machine.until("ss -Hltn | grep -q ':10023 '");
  expect(machine.ask(10023, [NEW])).toEqual([`DEFER_IF_PERMIT 4.2.0 wait ${delay}`]);
  const words = Object.entries({ ...NEW, sender: 'other@example.net' }).map(
    ([name, value]) => `${name}=${value}`,
  );
  expect(machine.attempt(`greyctl explain etrn_domain= ${words.join(' ')}`).output).toContain(
    `wait ${delay}`,
  );
});
