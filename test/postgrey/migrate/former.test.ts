/**
 * greyctl migrate from postgrey 1.36, where init scripts start both and /etc/default/postgrey is a file for a shell: the
 * same answers after as before; and back, with what greyd has learned.
 */
import { expect, test } from 'vitest';
import { OWN_DEBIAN_NEEDS, OwnDebian } from '../../support/own-debian.ts';
import type { Attributes } from '../../support/policy-client.ts';
import { canRun } from '../../support/requirements.ts';

const PORT = 10023;
const HOUR = 3600;
const BEGIN = Math.floor(Date.now() / 1000) - 30 * HOUR;

function mail(client_address: string, sender: string): Attributes {
  const instance = undefined;
  return { client_address, client_name: 'mail.example.net', sender, recipient: 'bob@example.org', instance };
}

/** Mail that has passed, mail that is waiting, and an auto-whitelisted client. */
const HISTORY: readonly Attributes[] = [
  ...[
    mail('192.0.2.77', 'alice@example.net'),
    mail('192.0.2.77', '24/slash@example.net'),
    mail('2001:db8:1:2::5', 'six@example.net'),
  ],
  ...['a', 'b', 'c', 'd', 'e'].map((name) => mail('203.0.113.5', `${name}@example.com`)),
].flatMap((request, index) =>
  [0, 3 * HOUR - 10].map((later) => ({ ...request, policy_test_time: BEGIN + index * 3 * HOUR + later })),
);

/** Requests to which the answers are the same however often they are asked, with a long --delay. */
const QUESTIONS: readonly Attributes[] = [
  mail('192.0.2.77', 'alice@example.net'),
  mail('192.0.2.9', 'alice@example.net'),
  mail('192.0.9.9', 'alice@example.net'),
  mail('192.0.2.77', '24/slash@example.net'),
  mail('2001:db8:1:2::9', 'six@example.net'),
  mail('2001:db8:1:3::9', 'six@example.net'),
  mail('203.0.113.5', 'whoever@example.com'),
  mail('203.0.113.6', 'whoever@example.com'),
];

const WAY_BACK = `
set -e
service greyd stop
mv /var/lib/postgrey /var/lib/postgrey.before
install -d -o postgrey -g postgrey -m 0700 /var/lib/postgrey
greyctl export --format=postgrey triplets | db_load /var/lib/postgrey/postgrey.db
greyctl export --format=postgrey clients | db_load /var/lib/postgrey/postgrey_clients.db
chown postgrey: /var/lib/postgrey/*
service postgrey start
`;

test.runIf(canRun('greyctl migrate from postgrey 1.36', OWN_DEBIAN_NEEDS)).each([
  ['as it comes', '', 5],
  ['--ipv4cidr=16', '--ipv4cidr=16', 6],
  ['--privacy', '--privacy', 5],
])('%s', async (_, options, passing) => {
  const machine = await OwnDebian.boot();
  machine.run(
    `cat >/etc/default/postgrey <<'END'\nDELAY=7200\nexport POSTGREY_OPTS="--inet=127.0.0.1:${PORT}" # ours\n` +
      `POSTGREY_OPTS="$POSTGREY_OPTS --delay=$DELAY \\\n${options}"\nEND`,
  );
  machine.run('service postgrey start >/dev/null');
  await machine.until(`ss -Hltn | grep -q ':${PORT} '`);
  machine.ask(PORT, HISTORY);
  const before = machine.ask(PORT, QUESTIONS);
  expect(before.filter((answer) => answer === 'DUNNO')).toHaveLength(passing);

  const printed = machine.run('greyctl migrate');
  expect(printed).toContain(`greyd has replaced postgrey on 127.0.0.1:${PORT}`);
  const [, smartLine = ''] = /end of \/etc\/default\/greyd and restart greyd:\n {2}(.*)/.exec(printed) ?? [];
  expect(machine.run('cat /etc/default/greyd')).toContain(smartLine.replace(' --profile=smart', ''));
  expect(smartLine).toMatch(/^POSTGREY_OPTS="--inet=.* --profile=smart"$/);
  expect(printed).toContain(`POSTGREY_OPTS="--inet=127.0.0.1:${PORT} --delay=7200`);
  expect(machine.run("ss -Hltnp 'sport = :10023'")).toContain('"greyd"');
  expect(machine.ask(PORT, QUESTIONS)).toEqual(before);

  if (options === '--privacy') return;
  machine.run(WAY_BACK);
  await machine.until(`ss -Hltnp | grep ':${PORT} ' | grep -q postgrey`);
  expect(machine.ask(PORT, QUESTIONS)).toEqual(before);
});

/** Puts a record into a log that names a file elsewhere, as the account of the directory can. */
const HOSTILE_LOG = `
set -e
service postgrey stop
rm /var/lib/postgrey/__db.*
install -d -o postgrey /var/target
setpriv --reuid=postgrey --regid=postgrey --clear-groups perl -MBerkeleyDB -e '
  my $env = BerkeleyDB::Env->new(-Home => "/var/lib/postgrey",
    -Flags => DB_CREATE|DB_INIT_TXN|DB_INIT_MPOOL|DB_INIT_LOG|DB_INIT_LOCK) or die $BerkeleyDB::Error;
  my $txn = $env->txn_begin();
  my $db = BerkeleyDB::Btree->new(-Filename => "/var/target/evil.db", -Flags => DB_CREATE, -Env => $env, -Txn => $txn)
    or die $BerkeleyDB::Error;
  $db->db_put("chosen", "bytes");
  $txn->txn_commit();'
rm /var/target/evil.db
chown root /var/target
chmod 700 /var/target
`;

test.runIf(canRun('greyctl migrate from a hostile directory', OWN_DEBIAN_NEEDS))(
  'a log that names a file of root’s is refused, and nothing is written there',
  async () => {
    const machine = await OwnDebian.boot();
    machine.run(
      `echo 'POSTGREY_OPTS="--inet=127.0.0.1:${PORT}"' >/etc/default/postgrey; service postgrey start >/dev/null`,
    );
    await machine.until(`ss -Hltn | grep -q ':${PORT} '`);
    machine.ask(PORT, QUESTIONS);
    machine.run(HOSTILE_LOG);
    const { status, output } = machine.attempt('greyctl migrate');
    expect([status, output]).toEqual([
      1,
      expect.stringMatching(/^failed: .* a Berkeley DB log in \/var\/lib\/postgrey names \/var\/target\//m),
    ]);
    expect(output).toContain('everything is as it was before');
    expect(machine.run('ls -A /var/target /var/tmp | grep -E "evil|greyctl" || true')).toBe('');
  },
);
