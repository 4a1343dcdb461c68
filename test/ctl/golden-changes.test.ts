/**
 * The commands of greyctl that change records, by their golden files.
 */
import { describeGolden } from './golden-cases.ts';

const [PASS, FORGET] = ['greyctl pass --defaults=default', 'greyctl forget --defaults=default'];
const LIST = 'greyctl list --defaults=default';
const TRIPLET = 'client_address=192.0.2.1 sender=alice@example.net recipient=bob@example.org';
const NEW = 'client_address=203.0.113.77 sender=new@example.net recipient=bob@example.org';

describeGolden({
  pass: {
    plain: [`${PASS} ${TRIPLET}`, `${LIST} sender=alice@example.net`, `${PASS} ${TRIPLET}`],
    json: [
      `${PASS} --json ${TRIPLET}`,
      `${PASS} --json ${TRIPLET}`,
      `${PASS} --json recipient=bob@example.org`,
    ],
    'not known yet': [`${PASS} ${NEW}`, `${LIST} sender=new@example.net`],
    expired: [
      `${PASS} client_address=203.0.113.9 sender=spam@example.com recipient=bob@example.org`,
      `${LIST} sender=spam@example.com`,
    ],
    'of a client': [`${PASS} client_address=198.51.100.7`, `${LIST} client_address=198.51.100.7`],
    'of a network': `${PASS} client_address=192.0.0.0/16`,
    'of a sender': `${PASS} sender=carol@example.net`,
    'of the null sender': `${PASS} 'sender=<>'`,
    'of a domain': `${PASS} sender=@example.net recipient=@example.org`,
    'of a recipient': `${PASS} recipient=bob@example.org`,
    'from log': `grep alice mail.log | ${PASS} --from-log=-`,
    'not found': [`${PASS} sender=nobody@example.net`, `${PASS} sender=erin@example.net`],
    'usage error': [
      PASS,
      `${PASS} from=alice@example.net`,
      `${PASS} client_name=mail.example.net`,
      `${PASS} client_address=mail.example.net sender=a@example.net recipient=bob@example.org`,
    ],
    privacy: [
      `greyctl pass --dbdir=private ${TRIPLET}`,
      `greyctl show --dbdir=private ${TRIPLET}`,
      'greyctl pass --dbdir=private recipient=bob@example.org',
      'rm private/greyd.secret',
      `greyctl pass --dbdir=private ${TRIPLET}`,
    ],
    'no database': 'greyctl pass --dbdir=nowhere recipient=bob@example.org',
  },
  forget: {
    plain: [`${FORGET} ${TRIPLET}`, `${LIST} sender=alice@example.net`],
    json: `${FORGET} --json client_address=198.51.100.7`,
    'of a client': [`${FORGET} client_address=192.0.2.10`, `${LIST} client_address=192.0.2.10`],
    'of a network': `${FORGET} client_address=192.0.2.0/24`,
    'of a sender': [`${FORGET} sender=@example.com`, `${LIST} clients`],
    'of a client and a sender': `${FORGET} client_address=192.0.2.10 sender=alice@example.net`,
    'from log': `${FORGET} --from-log=- < mail.log`,
    'not found': [`${FORGET} ${NEW}`, `${FORGET} sender=nobody@example.net`, `${FORGET} --json ${NEW}`],
    'usage error': [FORGET, `${FORGET} alice@example.net`, `${FORGET} client_address=192.0.2.0/33`],
    privacy: [
      `greyctl forget --dbdir=private ${TRIPLET}`,
      `greyctl show --dbdir=private ${TRIPLET}`,
      'greyctl forget --dbdir=private client_address=192.0.2.10',
    ],
  },
  import: {
    plain: [
      'greyctl import --defaults=default - < postgrey.dump',
      `${LIST} --order=newest --limit=3`,
      'greyctl import --defaults=default - < postgrey.dump',
    ],
    json: 'greyctl import --defaults=default --json - < postgrey.dump',
    'not found': [
      'greyctl import --defaults=default /nowhere',
      'greyctl import --defaults=default - < mail.log',
      'greyctl import --defaults=default - < /dev/null',
    ],
    'usage error': ['greyctl import --defaults=default', 'greyctl import --defaults=default one two'],
  },
});
