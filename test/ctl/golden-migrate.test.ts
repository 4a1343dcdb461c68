/**
 * greyctl migrate, as far as it can be shown without a machine of its own, by golden files: what would be done, and
 * what is missing. Nothing is migrated here; that is in test/package/migrate.test.ts.
 */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ShellSettings } from '../support/transcript.ts';
import { type Around, describeGolden } from './golden-cases.ts';

const PATHS = ['/etc', '/usr', '/var'];

const NEEDS = {
  root: true,
  programs: ['db_load', 'ip', 'service'],
  commands: [
    'unshare --mount --net sh -c "ip link set lo up && mount -t tmpfs greyd-test /mnt && ' +
      'mkdir /mnt/up /mnt/work && mount -t overlay -o lowerdir=/etc,upperdir=/mnt/up,workdir=/mnt/work greyd-test /etc"',
  ],
};

/** Neither runs; that is what their init scripts say. */
const INIT_SCRIPT = '#!/bin/sh\nexit 3\n';
const SHIPPED = '# Slow ones\nslow.example\n';

/** Files of a Debian without systemd, with both installed. */
const FILES: Readonly<Record<string, string>> = {
  'etc/passwd': 'root:x:0:0::/root:/bin/sh\ngreyd:x:900:900::/var/lib/greyd:/usr/sbin/nologin\n',
  'etc/group': 'root:x:0:\ngreyd:x:900:\n',
  'etc/init.d/greyd': INIT_SCRIPT,
  'etc/init.d/postgrey': INIT_SCRIPT,
  'usr/sbin/greyd': '#!/bin/sh\n',
  'etc/default/greyd':
    '# Options of greyd\nPOSTGREY_OPTS="--inet=127.0.0.1:60000 --delay=600 --metrics=9760"\n',
  'etc/default/postgrey':
    'POSTGREY_OPTS="--pidfile=/run/p.pid --inet=127.0.0.1:10023 --delay=60 see"\nPOSTGREY_TEXT="Come back in %s seconds"\n',
  'etc/greyd/whitelist_clients': 'slow.example\nnew.example\n',
  'etc/greyd/whitelist_clients.local': 'known.example\n',
  'etc/greyd/whitelist_recipients': 'postmaster@\n',
  'etc/postgrey/whitelist_clients': `# Slow ones\ntyped-in.example\n`,
  'etc/postgrey/whitelist_clients.local': '# Ours\npartner.example\nknown.example\n10.1.2.3.4\n',
  'etc/postgrey/whitelist_recipients': 'postmaster@\n',
  'usr/share/postgrey/whitelist_clients': SHIPPED,
  'usr/share/postgrey/whitelist_recipients': 'postmaster@\n',
  'var/lib/postgrey/postgrey.db': '',
};

/** POSTGREY_OPTS of others. */
const OTHERS: Readonly<Record<string, string>> = {
  digests: '--unix=/run/postgrey/socket --privacy --whitelist-clients=/etc/postgrey/whitelist_clients.local',
  group: '--unix=/run/postgrey/socket --socketmode=0660',
  wrong: '--inet=10023 --ipv4cidr=33',
  unknown: '--inet=10023 --frobnicate',
  nowhere: '--delay=60',
  list: '--inet=127.0.0.1:10023 --whitelist-recipients=/etc/hidden',
  late: '--inet=127.0.0.1:10023 # a minute: --delay=60 --max-age=40',
  blanks: "--inet=127.0.0.1:10023 --x-greylist-header='X-Grey: %t'",
};

/** Files that a shell reads. */
const FOR_A_SHELL: Readonly<Record<string, string>> = {
  appended:
    'DELAY=199\nexport POSTGREY_OPTS="--inet=127.0.0.1:10023 --delay=$DELAY" # of ours\n' +
    'POSTGREY_OPTS="$POSTGREY_OPTS \\\n--max-age=40"; POSTGREY_TEXT="Wait "$DELAY"s"\n',
  command:
    'POSTGREY_OPTS="--inet=127.0.0.1:10023"\nPOSTGREY_OPTS="$POSTGREY_OPTS --hostname=$(cat /etc/mailname)"\n',
};

describeGolden(
  {
    migrate: {
      plain: 'greyctl migrate --dry-run',
      json: 'greyctl migrate --dry-run --json',
      privacy: 'greyctl migrate --dry-run --postgrey-defaults=digests',
      'for a shell': [
        'greyctl migrate --dry-run --postgrey-defaults=appended',
        'greyctl migrate --dry-run --postgrey-defaults=late',
        'greyctl migrate --dry-run --postgrey-defaults=command',
        'greyctl migrate --dry-run --postgrey-defaults=blanks',
      ],
      'not found': [
        'greyctl migrate --dry-run --postgrey-defaults=not-there',
        'greyctl migrate --dry-run --postgrey-dir=/var/empty',
        'greyctl migrate --dry-run --postgrey-defaults=wrong',
        'greyctl migrate --dry-run --postgrey-defaults=unknown',
        'greyctl migrate --dry-run --postgrey-defaults=nowhere',
        'greyctl migrate --dry-run --postgrey-defaults=list',
        'chmod 600 /etc/greyd/whitelist_clients.local; greyctl migrate --dry-run',
        'touch /run/postgrey/socket; greyctl migrate --dry-run --postgrey-defaults=group',
        'rm /etc/init.d/greyd; greyctl migrate --dry-run',
        'rm /usr/sbin/greyd; greyctl migrate --dry-run',
      ],
      'usage error': ['greyctl migrate now', 'greyctl migrate --postgrey-dir'],
    },
  },
  { needs: NEEDS, around: inOwnDebian },
);

/** Its files lie over those of the machine, which has no systemd there. */
function inOwnDebian({ cwd }: ShellSettings): Around {
  for (const [name, text] of Object.entries(FILES)) {
    const file = join(cwd, 'debian', name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    if (text.startsWith('#!')) chmodSync(file, 0o755);
  }
  writeFileSync(join(cwd, 'debian/etc/hidden'), '', { mode: 0o600 });
  for (const [name, text] of Object.entries(OTHERS))
    writeFileSync(join(cwd, name), `POSTGREY_OPTS="${text}"\n`);
  for (const [name, text] of Object.entries(FOR_A_SHELL)) writeFileSync(join(cwd, name), text);
  const script = [
    'set -e',
    'ip link set lo up',
    'mount -t tmpfs greyd-test /run',
    'mkdir /run/postgrey',
    // By process id libfaketime leaves files behind there, over which another account's programs stumble.
    'mount -t tmpfs -o mode=1777 greyd-test /dev/shm',
    'mount -t tmpfs greyd-test /mnt',
    `cp -a '${cwd}/debian/.' /mnt/`,
    ...PATHS.flatMap((path) => [
      `mkdir /mnt${path}.work`,
      `mount -t overlay greyd-test -o lowerdir=${path},upperdir=/mnt${path},workdir=/mnt${path}.work ${path}`,
    ]),
    'exec "$@"',
  ];
  return { launcher: ['unshare', '--mount', '--net', 'sh', '-c', script.join('\n'), 'sh'] };
}
