/**
 * greyctl and the records of --profile=smart, by its golden files.
 */
import { describeGolden } from './golden-cases.ts';

const OURS = '--defaults=smart';

const explain = (name: string, address: string, sender: string, recipient = 'bob@example.org') =>
  `greyctl explain ${OURS} client_name=${name} client_address=${address} sender=${sender} recipient=${recipient}`;

describeGolden({
  profile: {
    'a retry from another host': explain(
      'mail-b.outbound.bigsoft.example',
      '198.51.100.3',
      'alice@firm.example',
    ),
    'a pool that has passed': explain(
      'mail-b.outbound.bigsoft.example',
      '198.51.100.3',
      'carol@firm.example',
    ),
    'a new mail of a pool': explain('mail-b.outbound.bigsoft.example', '198.51.100.3', 'erin@firm.example'),
    suspects: [
      explain('unknown', '198.51.100.3', 'alice@firm.example'),
      explain('dsl-198-51-100-7.isp.example', '198.51.100.7', 'alice@firm.example'),
      explain('198-51-100-7.isp.example', '198.51.100.7', 'alice@firm.example'),
    ],
    'a single host': explain('gate.single.example', '198.51.100.3', 'alice@firm.example'),
    correspondent: explain('gate.partner.example', '198.51.100.3', 'dave@partner.example'),
    'a bounce': explain('gate.partner.example', '198.51.100.3', "'<>'"),
    farms: [
      explain('a1.mx.trusted.example', '198.51.100.3', 'new@firm.example'),
      explain('a1.out.slow.example', '198.51.100.3', 'new@firm.example'),
    ],
    window: explain('unknown', '198.51.100.3', 'code@shop.example', 'carol@example.org'),
    json: `${explain('mail-b.outbound.bigsoft.example', '198.51.100.3', 'alice@firm.example')} --json`,
    lists: ['triplets', 'clients', 'pools', 'farms', 'correspondents', 'windows'].map(
      (list) => `greyctl list ${OURS} ${list}`,
    ),
    'lists json': ['pools', 'farms', 'correspondents', 'windows'].map(
      (list) => `greyctl list ${OURS} ${list} --json`,
    ),
    show: [
      `greyctl show ${OURS} client_address=203.0.113.51 sender=alice@firm.example recipient=bob@example.org client_name=mail-a.outbound.bigsoft.example`,
      `greyctl show ${OURS} client_address=203.0.113.51 sender=dave@partner.example recipient=bob@example.org client_name=gate.partner.example`,
      `greyctl show ${OURS} client_address=203.0.113.51 client_name=gate.partner.example`,
    ],
    search: `greyctl search ${OURS} bigsoft`,
    stats: `greyctl stats ${OURS} --hours=0 --days=0`,
    top: `greyctl top ${OURS} pools networks`,
    export: [
      `greyctl export ${OURS} --format=postgrey triplets`,
      `greyctl export ${OURS} --format=postgrey clients`,
    ],
    'one mail of a pool': [
      `greyctl pass ${OURS} client_name=mail-a.outbound.bigsoft.example client_address=203.0.113.51 sender=alice@firm.example recipient=bob@example.org`,
      `greyctl forget ${OURS} client_name=mail-a.outbound.bigsoft.example client_address=203.0.113.51 sender=alice@firm.example recipient=bob@example.org`,
      `greyctl list ${OURS} pools`,
    ],
    'a farm, and who has written to whom': [
      `greyctl list ${OURS} farms client_name=a1.mx.trusted.example`,
      `greyctl forget ${OURS} client_name=a1.mx.trusted.example`,
      `greyctl list ${OURS} farms`,
      `greyctl list ${OURS} correspondents sender=dave@partner.example`,
      `greyctl list ${OURS} windows recipient=@example.org`,
      `greyctl forget ${OURS} recipient=bob@example.org`,
      `greyctl list ${OURS} correspondents`,
    ],
    'pass and forget': [
      `greyctl pass ${OURS} sender=alice@firm.example`,
      `greyctl forget ${OURS} recipient=bob@example.org`,
      `greyctl list ${OURS} pools`,
    ],
  },
});
