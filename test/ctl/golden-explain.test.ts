/**
 * greyctl explain and report, by their golden files.
 */
import { describeGolden } from './golden-cases.ts';

const EXPLAIN = 'greyctl explain --defaults=default';

const mail = (client: string, sender: string, recipient = 'bob@example.org', name = 'mail.example.net') =>
  `client_address=${client} client_name=${name} 'sender=${sender}' recipient=${recipient}`;

const request = (client: string, sender: string) =>
  `request=smtpd_access_policy\nprotocol_state=RCPT\nclient_address=${client}\nclient_name=mail.example.net\nsender=${sender}\nrecipient=bob@example.org\netrn_domain=\n\n`;

const GREYLISTED =
  'action=greylist, reason=new, client_name=mail.example.net, client_address=192.0.2.1, sender=alice@example.net, recipient=bob@example.org';
const ACTION_OBJECT = `{"level":30,"time":"2026-11-26T05:58:20.000Z","pid":812,"action":"greylist","reason":"new","client_name":"mail.example.net","client_address":"192.0.2.1","sender":"alice@example.net","recipient":"bob@example.org"}`;
const REJECTED =
  'NOQUEUE: reject: RCPT from mail.example.net[192.0.2.1]: 450 4.2.0 <bob@example.org>: Recipient address rejected: Greylisted; from=<alice@example.net> to=<bob@example.org> proto=ESMTP helo=<mail.example.net>';

describeGolden({
  explain: {
    plain: [
      `${EXPLAIN} ${mail('192.0.2.1', 'alice@example.net')}`,
      `${EXPLAIN} ${mail('192.0.2.1', 'new@example.net')}`,
    ],
    json: [
      `${EXPLAIN} --json ${mail('192.0.2.1', 'alice@example.net')}`,
      `${EXPLAIN} --json ${mail('192.0.2.200', 'alice@example.net')}`,
      `${EXPLAIN} --json ${mail('192.0.2.10', 'alice@example.net')}`,
    ],
    // A new triplet: greylisted.
    'not found': `${EXPLAIN} ${mail('203.0.113.77', 'nobody@example.net')}`,
    whitelisted: [
      `${EXPLAIN} ${mail('198.51.100.1', 'list@example.com', 'bob@example.org', 'news.example.com')}`,
      `${EXPLAIN} ${mail('198.51.100.1', 'list@example.com', 'bob@example.org', 'out7.example.edu')}`,
      `${EXPLAIN} ${mail('192.0.2.200', 'alice@example.net')}`,
      `${EXPLAIN} ${mail('198.51.100.1', 'alice@example.net', 'postmaster@example.org')}`,
      `${EXPLAIN} ${mail('198.51.100.1', 'alice@example.net', 'Abuse@example.org')}`,
    ],
    'early retry': `${EXPLAIN} ${mail('192.0.2.1', 'carol@example.net')}`,
    passed: [
      `${EXPLAIN} ${mail('198.51.100.7', 'dave@example.com')}`,
      `${EXPLAIN} ${mail('192.0.2.1', 'erin@example.net', 'carol@example.org')}`,
    ],
    'auto-whitelist': [
      `${EXPLAIN} ${mail('192.0.2.10', 'alice@example.net')}`,
      `${EXPLAIN} --auto-whitelist-clients=0 ${mail('192.0.2.10', 'alice@example.net')}`,
    ],
    expired: [
      `${EXPLAIN} ${mail('203.0.113.9', 'spam@example.com')}`,
      `${EXPLAIN} ${mail('203.0.113.9', 'old@example.com', 'carol@example.org')}`,
      `${EXPLAIN} ${mail('203.0.113.9', 'future@example.com', 'carol@example.org')}`,
    ],
    'null sender': `${EXPLAIN} ${mail('198.51.100.7', '<>')}`,
    IPv6: `${EXPLAIN} ${mail('2001:DB8:78::9', 'frank@example.com')}`,
    hostile: `${EXPLAIN} client_address=203.0.113.1 client_name="$(cat hostile-sender)" sender="$(cat hostile-sender)" recipient=bob@example.org`,
    'other options': [
      `${EXPLAIN} --delay=60 ${mail('192.0.2.1', 'alice@example.net')}`,
      `${EXPLAIN} --dry-run ${mail('192.0.2.1', 'alice@example.net')}`,
      `${EXPLAIN} --lookup-by-host ${mail('192.0.2.1', 'alice@example.net')}`,
      `${EXPLAIN} --max-triplets=3 ${mail('192.0.2.1', 'new@example.net')}`,
    ],
    'other zone': `TZ=Europe/Berlin ${EXPLAIN} ${mail('192.0.2.1', 'alice@example.net')}`,
    'from log': [
      `${EXPLAIN} --from-log='Nov 26 05:58:20 mx postgrey[812]: ${GREYLISTED}'`,
      `${EXPLAIN} --json --from-log='2026-11-26T05:58:20.123456+00:00 mx postgrey[812]: 4F2A: ${GREYLISTED.replace('greylist', 'greylist (dry run)')}'`,
      `${EXPLAIN} --json --from-log='${ACTION_OBJECT}'`,
      `${EXPLAIN} --json --from-log='Nov 26 05:58:20 mx postfix/smtpd[991]: ${REJECTED}'`,
      `${EXPLAIN} --json --from-log=- < mail.log`,
      `grep erin mail.log | ${EXPLAIN} --from-log=-`,
    ],
    'standard input': [
      `${EXPLAIN} <<'END'\n${request('192.0.2.1', 'alice@example.net')}${request('192.0.2.10', 'alice@example.net')}END`,
      `${EXPLAIN} --json <<'END'\n${request('192.0.2.1', 'alice@example.net')}${request('192.0.2.10', '')}END`,
    ],
    'broken requests': [
      `${EXPLAIN} <<'END'\nrequest=junk_mail\nclient_address=192.0.2.1\n\nnonsense\n\n${request('mail', 'alice@example.net')}END`,
    ],
    'bad address': `${EXPLAIN} ${mail('mail.example.net', 'alice@example.net')}`,
    'usage error': [
      `${EXPLAIN} < /dev/null`,
      `${EXPLAIN} client_address=192.0.2.1 sender=alice@example.net`,
      `${EXPLAIN} alice@example.net`,
      `${EXPLAIN} --from-log='Nov 26 05:58:20 mx postfix/smtpd[991]: connect from unknown[192.0.2.1]'`,
      `${EXPLAIN} --from-log=- client_address=192.0.2.1`,
      `${EXPLAIN} --from-log='action=greylist, reason=new, client_address=192.0.2.0, recipient=*@example.org'`,
    ],
    privacy: [
      `${EXPLAIN} --dbdir=private ${mail('192.0.2.1', 'alice@example.net')}`,
      'rm private/greyd.secret',
      `${EXPLAIN} --dbdir=private ${mail('192.0.2.1', 'alice@example.net')}`,
    ],
    unreadable: [
      `${EXPLAIN} --dbdir=nowhere ${mail('192.0.2.1', 'alice@example.net')}`,
      "printf '%5000s' > db/greyd.db",
      `${EXPLAIN} ${mail('192.0.2.1', 'alice@example.net')}`,
    ],
    'unreadable whitelist': [
      'echo 192.0.2.0/99 >> clients && rm recipients',
      `${EXPLAIN} ${mail('192.0.2.1', 'alice@example.net')}`,
    ],
  },
  report: {
    plain: 'greyctl report --defaults=default report.log',
    json: 'greyctl report --defaults=default --json report.log',
    'forms of postgreyreport': [
      'greyctl report --defaults=default --single-line --show-tries report.log',
      'greyctl report --defaults=default --nosingle_line report.log',
      'greyctl report --defaults=default --tab --show_time < report.log',
    ],
    nothing: 'greyctl report --defaults=default mail.log',
    'not found': [
      'greyctl report --defaults=default clients',
      'greyctl report --defaults=default missing.log',
    ],
    'usage error': ['greyctl report --delay=soon report.log', 'greyctl report --json --tab report.log'],
  },
});
