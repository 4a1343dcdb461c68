/**
 * Golden tests of how greyctl finds the options of greyd: /etc/default/greyd, which each case has for itself alone.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { OWN_MOUNTS_NEED } from '../support/own-mounts.ts';
import { describeGolden } from './golden-cases.ts';

const FILE = '/etc/default/greyd';
const SHOW = 'greyctl show client_address=192.0.2.1 sender=alice@example.net recipient=bob@example.org';

const write = (text: string, file = FILE) => `cat > ${file} <<'END'\n${text}\nEND`;

describeGolden(
  {
    defaults: {
      found: [write('POSTGREY_OPTS="--inet=60000 --dbdir=db --delay=60"'), SHOW, 'greyctl check'],
      'given goes before': [
        write('POSTGREY_OPTS="--dbdir=db --delay=60"'),
        `${SHOW} --delay=600`,
        'greyctl list --dbdir=empty',
      ],
      'given file': [
        write('POSTGREY_OPTS="--dbdir=nowhere"'),
        'greyctl check',
        'greyctl check --defaults=default',
        'greyctl check --defaults=missing',
      ],
      'the last line counts': [
        write(
          "# POSTGREY_OPTS=--dbdir=nowhere\nPOSTGREY_OPTS='--dbdir=empty'\n\nPOSTGREY_OPTS=--dbdir=db\nOTHER=1",
        ),
        'greyctl check',
      ],
      text: [
        write(
          'POSTGREY_OPTS="--dbdir=db --whitelist-clients=clients --whitelist-recipients=recipients"\nPOSTGREY_TEXT="Come again in %s s"',
        ),
        'greyctl explain client_address=192.0.2.1 sender=new@example.net recipient=bob@example.org',
      ],
      'shared store': [
        write('POSTGREY_OPTS="--dbdir=db --store=redis://127.0.0.1:1"\nGREYD_STORE_PASSWORD=secret'),
        'greyctl list',
        'greyctl check',
        'greyctl list --limit=1 --dbdir=db',
      ],
      broken: [
        write('POSTGREY_OPTS="--dbdir=db --delay=soon"'),
        'greyctl check',
        write('POSTGREY_OPTS="--dbdir=db --frobnicate"'),
        'greyctl check',
        'greyctl check --defaults=default',
      ],
      'not readable': [
        `mkdir ${FILE}`,
        'greyctl check',
        'greyctl check --dbdir=db',
        `greyctl check --defaults=${FILE}`,
      ],
      'not there': 'greyctl check',
    },
  },
  { needs: OWN_MOUNTS_NEED, around: ({ cwd }) => ({ launcher: inOwnFolders(cwd) }) },
);

/** Folders of the machine, empty at first, which all steps of a case find as those before have left them. */
function inOwnFolders(cwd: string): readonly string[] {
  const script = ['set -e'];
  for (const [name, path] of [
    ['default', '/etc/default'],
    ['lib', '/var/lib'],
  ] as const) {
    const own = join(cwd, `own-${name}`);
    mkdirSync(own);
    script.push(`mount --bind '${own}' ${path}`);
  }
  return ['unshare', '--mount', 'sh', '-c', [...script, 'exec "$@"'].join('\n'), 'sh'];
}
