/**
 * The commands of greyctl that look at records, by their golden files.
 */
import { describeGolden } from './golden-cases.ts';

const OURS = '--defaults=default';

const SHOW = `greyctl show ${OURS}`;

describeGolden({
  list: {
    plain: `greyctl list ${OURS}`,
    json: `greyctl list ${OURS} --json`,
    clients: `greyctl list ${OURS} clients`,
    'clients json': `greyctl list ${OURS} clients --json`,
    'each state': [
      ...['waiting', 'passed', 'expired'].map((state) => `greyctl list ${OURS} --state=${state} triplets`),
      `greyctl list ${OURS} --state=auto-whitelisted clients`,
      `greyctl list ${OURS} --state=counted --state=expired clients`,
    ],
    selected: [
      `greyctl list ${OURS} client_address=192.0.2.77`,
      `greyctl list ${OURS} client_address=2001:db8:78::/48`,
      `greyctl list ${OURS} clients client_address=192.0.2.0/25`,
      `greyctl list ${OURS} sender=Alice+tag@Example.net`,
      `greyctl list ${OURS} 'sender=<>'`,
      `greyctl list ${OURS} sender=@example.net recipient=@example.org`,
    ],
    age: [`greyctl list ${OURS} --newer=5m`, `greyctl list ${OURS} --older=1h --newer=12h`],
    order: [
      `greyctl list ${OURS} --order=newest`,
      `greyctl list ${OURS} --order=oldest --limit=3`,
      `greyctl list ${OURS} clients --order=count --limit=2`,
    ],
    limit: [`greyctl list ${OURS} --limit=2`, `greyctl list ${OURS} --limit=0`],
    'not found': [`greyctl list ${OURS} sender=nobody@example.net`, 'greyctl list --dbdir=empty'],
    'usage error': [
      `greyctl list ${OURS} records`,
      `greyctl list ${OURS} from=alice@example.net`,
      `greyctl list ${OURS} client_address=mail.example.net`,
      `greyctl list ${OURS} --state=late`,
      `greyctl list ${OURS} --newer=soon`,
      `greyctl list ${OURS} --order=newest --limit=1000000`,
      `greyctl list ${OURS} --sort=newest`,
    ],
    'no database': ['greyctl list --dbdir=nowhere', 'greyctl list --dbdir=.'],
    privacy: 'greyctl list --dbdir=private',
  },
  search: {
    plain: `greyctl search ${OURS} example.com`,
    json: `greyctl search ${OURS} --json 192.0.2`,
    'both kinds': `greyctl search ${OURS} 2001:DB8`,
    limit: `greyctl search ${OURS} --limit=1 --order=newest example`,
    'not found': `greyctl search ${OURS} nobody`,
    'usage error': [`greyctl search ${OURS}`, `greyctl search ${OURS} alice bob`],
    privacy: 'greyctl search --dbdir=private alice',
  },

  show: {
    plain: [
      `${SHOW} client_address=192.0.2.10 sender=alice@example.net recipient=bob@example.org`,
      `${SHOW} client_address=192.0.2.10`,
    ],
    json: `${SHOW} --json client_address=192.0.2.10 sender=alice@example.net recipient=bob@example.org`,
    'each state': [
      `${SHOW} client_address=192.0.2.1 sender=carol@example.net recipient=bob@example.org`,
      `${SHOW} client_address=198.51.100.7 'sender=<>' recipient=bob@example.org`,
      `${SHOW} client_address=192.0.2.1 sender=erin@example.net recipient=carol@example.org`,
      `${SHOW} client_address=2001:db8:78::5 sender=frank@example.com recipient=bob@example.org`,
      `${SHOW} client_address=203.0.113.9 sender=spam@example.com recipient=bob@example.org`,
      `${SHOW} client_address=203.0.113.9 sender=old@example.com recipient=carol@example.org`,
      `${SHOW} client_address=203.0.113.9 sender=future@example.com recipient=carol@example.org`,
    ],
    'other zone': `TZ=Europe/Berlin ${SHOW} client_address=192.0.2.10`,
    hostile: [
      `${SHOW} client_address=203.0.113.1 "sender=$(cat hostile-sender)" recipient=bob@example.org`,
      `${SHOW} --json client_address=203.0.113.1 "sender=$(cat hostile-sender)" recipient=bob@example.org`,
    ],
    'not found': [
      `${SHOW} client_address=203.0.113.77`,
      `${SHOW} client_address=203.0.113.77 sender=alice@example.net recipient=bob@example.org`,
    ],
    'usage error': [
      SHOW,
      `${SHOW} client_address=192.0.2.1 sender=alice@example.net`,
      `${SHOW} client_address=mail.example.net`,
      `${SHOW} alice@example.net`,
      `${SHOW} "client_address=$(printf '192.0.2.1\\n192.0.2.2')"`,
    ],
    privacy: [
      'greyctl show --dbdir=private client_address=192.0.2.10 sender=alice@example.net recipient=bob@example.org',
    ],
  },

  stats: {
    plain: `greyctl stats ${OURS}`,
    json: `greyctl stats ${OURS} --json --hours=3 --days=2`,
    summary: `greyctl stats ${OURS} --hours=0 --days=0`,
    'other zone': `TZ=Asia/Kolkata greyctl stats ${OURS} --hours=3 --days=3`,
    empty: 'greyctl stats --dbdir=empty',
    'usage error': [`greyctl stats ${OURS} today`, `greyctl stats ${OURS} --hours=1001`],
    'not found': 'greyctl stats --dbdir=nowhere',
    privacy: 'greyctl stats --dbdir=private --hours=2 --days=0',
  },

  top: {
    plain: `greyctl top ${OURS}`,
    json: `greyctl top ${OURS} --json`,
    limit: `greyctl top ${OURS} --limit=1 networks senders`,
    'not found': 'greyctl top --dbdir=empty',
    'usage error': [`greyctl top ${OURS} hosts`, `greyctl top ${OURS} --limit=few`],
    privacy: 'greyctl top --dbdir=private',
  },

  export: {
    plain: `greyctl export ${OURS} --format=postgrey triplets`,
    clients: `greyctl export ${OURS} --format=postgrey clients`,
    'by host': `greyctl export ${OURS} --format=postgrey --lookup-by-host triplets`,
    'not found': 'greyctl export --dbdir=nowhere --format=postgrey triplets',
    'usage error': [
      `greyctl export ${OURS} triplets`,
      `greyctl export ${OURS} --format=csv triplets`,
      `greyctl export ${OURS} --format=postgrey --json triplets`,
    ],
    privacy: 'greyctl export --dbdir=private --format=postgrey triplets',
  },

  backup: {
    plain: [
      `greyctl backup ${OURS} copy.db`,
      `greyctl backup ${OURS} - > other.db && cmp copy.db other.db`,
      'mkdir restored && mv copy.db restored/greyd.db && greyctl check --dbdir=restored',
    ],
    json: `greyctl backup ${OURS} --json copy.db`,
    'not found': [`greyctl backup ${OURS} --dbdir=nowhere copy.db`, `greyctl backup ${OURS} default`],
    'usage error': [
      `greyctl backup ${OURS}`,
      `greyctl backup ${OURS} one two`,
      `greyctl backup ${OURS} --json -`,
    ],
  },

  check: {
    plain: `greyctl check ${OURS}`,
    json: `greyctl check ${OURS} --json`,
    exposed: ['chmod 644 db/greyd.db', `greyctl check ${OURS}`, `greyctl check ${OURS} --json`],
    damaged: [
      "printf '%5000s' > db/greyd.db",
      `greyctl check ${OURS}`,
      `greyctl check ${OURS} --json`,
      `greyctl list ${OURS}`,
      `greyctl pass ${OURS} recipient=bob@example.org`,
    ],
    'not found': 'greyctl check --dbdir=nowhere',
    'usage error': [`greyctl check ${OURS} db`, `greyctl check ${OURS} --repair`],
  },
});
