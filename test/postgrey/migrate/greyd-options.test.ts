import { expect, test } from 'vitest';
import { systemdWords } from '../../../src/options/environment-file.ts';
import { readGivenOptions, textOfOptions } from '../../../src/postgrey/migrate/given-options.ts';
import {
  droppedOptions,
  greydOptions,
  withoutUnixSocket,
} from '../../../src/postgrey/migrate/greyd-options.ts';
import { listPairs } from '../../../src/postgrey/migrate/places.ts';

const given = (text: string) => readGivenOptions(systemdWords(text)).options;

const LISTS = listPairs('/etc/postgrey');

test.each([
  ['-d -i 10023 --delay 60', '--inet=10023 --delay=60 --daemonize'],
  ['-i10023 -qv', '--inet=10023 --verbose --quiet'],
  ['--delay=60 --inet=10023 --delay=70', '--inet=10023 --delay=70'],
  ['--whitelist-clients=/a --whitelist-clients=/b', '--whitelist-clients=/a --whitelist-clients=/b'],
  ['--auto-whitelist-clients', '--auto-whitelist-clients'],
  ['--auto-whitelist-clients=0', '--auto-whitelist-clients=0'],
  ['--facility=local0 --greylist-text=', '--syslog-facility=local0'],
  [`--x-greylist-header='X-Grey: %t s'`, `'--x-greylist-header=X-Grey: %t s'`],
  [`--greylist-text="Don't hurry"`, `"--greylist-text=Don't hurry"`],
  // Whether greyd takes a value is not asked here.
  ['--ipv4cidr=99', '--ipv4cidr=99'],
])('%s is read as %s', (text, normal) => {
  expect(textOfOptions(given(text))).toBe(normal);
  expect(textOfOptions(given(normal))).toBe(normal);
});

test('arguments that belong to no option are reported', () => {
  expect(readGivenOptions(['--inet=10023', 'see', 'http://example.org', '--delay=60'])).toEqual({
    options: [
      { name: '--inet', value: '10023' },
      { name: '--delay', value: '60' },
    ],
    strays: ['see', 'http://example.org'],
    late: ['--delay=60'],
  });
});

test('an unknown option is an error', () => {
  expect(() => given('--frobnicate')).toThrow(/unknown option '--frobnicate'/);
});

test('what cannot be written as POSTGREY_OPTS is an error', () => {
  expect(() => textOfOptions([{ name: '--greylist-text', value: `don't "hurry"` }])).toThrow(
    /both kinds of quotes/,
  );
});

const [CLIENTS, LOCAL] = ['/etc/postgrey/whitelist_clients', '/etc/postgrey/whitelist_clients.local'];

test.each([
  ['--inet=10023', '', '--inet=10023'],
  [
    '-d --pidfile=/run/p.pid --user=postgrey --group=mail --inet=10023 --dbdir=/var/lib/postgrey',
    '',
    '--inet=10023',
  ],
  ['--inet=10023 --dbdir=/srv/postgrey', '', '--inet=10023'],
  // Whitelists: postgrey's own become greyd's, others stay where they are.
  [`--inet=1 --whitelist-clients=${CLIENTS} --whitelist-clients=${LOCAL}`, '', '--inet=1'],
  ['--inet=1 --whitelist-clients=/srv/list', '', '--inet=1 --whitelist-clients=/srv/list'],
  [
    `--inet=1 --whitelist-clients=${CLIENTS} --whitelist-clients=/srv/list`,
    '',
    '--inet=1 --whitelist-clients=/etc/greyd/whitelist_clients --whitelist-clients=/etc/greyd/whitelist_clients.local --whitelist-clients=/srv/list',
  ],
  ['--inet=1 --whitelist-recipients=/srv/list', '', '--inet=1 --whitelist-recipients=/srv/list'],
  // Of greyd's before, what postgrey does not have, and where its records are.
  [
    '--inet=10023 --delay=60',
    '--inet=127.0.0.1:60000 --delay=300 --dbdir=/srv/greyd --metrics=9760 --store=redis://192.0.2.10',
    '--inet=10023 --delay=60 --dbdir=/srv/greyd --metrics=9760 --store=redis://192.0.2.10',
  ],
  ['--inet=10023', '--inet=60000 --dry-run --allow-test-time --privacy', '--inet=10023'],
  // postgrey listens on no unix socket beside a port.
  ['--inet=10023 --unix=/run/p --socketmode=0660', '', '--inet=10023'],
])('postgrey %s and greyd %s make %s', (ofPostgrey, ofGreyd, made) => {
  expect(textOfOptions(greydOptions(given(ofPostgrey), given(ofGreyd), LISTS))).toBe(made);
});

test('a unix socket can be left to systemd', () => {
  const text = '--unix=/var/spool/postfix/postgrey/socket --socketmode=0660 --delay=60';
  const options = greydOptions(given(text), [], LISTS);
  expect(textOfOptions(options)).toBe(text);
  expect(textOfOptions(withoutUnixSocket(options))).toBe('--delay=60');
});

test.each([
  // As the package has it.
  ['--inet=127.0.0.1:60000 --delay=300 --max-age=35', '--inet=10023 --delay=60', ''],
  [
    '--delay=600 --privacy --metrics=9760 --dry-run',
    '--delay=60 --metrics=9760',
    '--delay=600 --privacy --dry-run',
  ],
  ['--whitelist-clients=/srv/list --delay=60', '--delay=60', '--whitelist-clients=/srv/list'],
  ['--unix=/run/greyd/socket --socketmode=0660 --delay=60', '--delay=60', ''],
])('of %s, with %s to come, %s is worth telling', (before, now, dropped) => {
  expect(textOfOptions(droppedOptions(given(before), given(now)))).toBe(dropped);
});
