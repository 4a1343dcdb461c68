/**
 * greyctl reads each line that greyd and a real Postfix write about a request, at every stage at which
 * Postfix can ask: both lines of one request tell of the same mail, it is explained, passes and is forgotten.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readLoggedRequest } from '../../src/ctl/request-words.ts';
import { greyctl } from '../support/greyctl.ts';
import { actionLines } from '../support/greylisting.ts';
import { canRun } from '../support/requirements.ts';
import { smtpDialogue } from '../support/smtp-dialogue.ts';
import { startGreyd } from './greyd.ts';
import { Postfix } from './postfix.ts';

const runs = canRun('the lines of logs through Postfix', { programs: ['postfix'], root: true });

const NOT_AT_RCPT = 'smtpd_recipient_restrictions = reject_unauth_destination';
const SERVICES = {
  rcpt: { settings: ['smtpd_recipient_restrictions = reject_unauth_destination, GREYD'] },
  data: { settings: [NOT_AT_RCPT, 'smtpd_data_restrictions = GREYD'] },
  endOfData: { settings: [NOT_AT_RCPT, 'smtpd_end_of_data_restrictions = GREYD'] },
  etrn: { settings: [NOT_AT_RCPT, 'smtpd_etrn_restrictions = GREYD'] },
  submission: {
    settings: [
      'smtpd_recipient_restrictions = reject_unauth_destination, GREYD',
      'syslog_name = postfix/submission',
      'smtpd_client_port_logging = yes',
    ],
  },
  secondInstance: {
    settings: [
      'smtpd_recipient_restrictions = reject_unauth_destination, warn_if_reject, GREYD',
      'syslog_name = postfix-out',
    ],
  },
};
type Service = keyof typeof SERVICES;

const NO_LISTS = ['--whitelist-clients=/dev/null', '--whitelist-recipients=/dev/null'];

const XCLIENT = 'XCLIENT NAME=mail.example.net ADDR=192.0.2.10';
const EHLO = 'EHLO mail.example.net';
const NAMED = [XCLIENT, EHLO];
const FROM_NAMED = ['mail.example.net', '192.0.2.10'];
const mail = (from: string, ...to: string[]) => [
  `MAIL FROM:<${from}>`,
  ...to.map((recipient) => `RCPT TO:<${recipient}>`),
  'DATA',
  'Subject: a mail\r\n\r\nand its text\r\n.',
];
const BOB = 'bob@example.org';
const CAROL = 'carol@example.org';

/** The lines, and the client, sender and recipient in those of both programs. */
const REQUESTS: readonly [stage: string, Service, said: string[], tellsOf: string[]][] = [
  ['RCPT', 'rcpt', [...NAMED, ...mail('r@example.net', BOB)], [...FROM_NAMED, 'r@example.net', BOB]],
  ['RCPT', 'rcpt', [...NAMED, ...mail('', BOB)], [...FROM_NAMED, '', BOB]],
  ['RCPT', 'rcpt', [XCLIENT, ...mail('nohelo@example.net', BOB)], [...FROM_NAMED, 'nohelo@example.net', BOB]],
  [
    'RCPT',
    'rcpt',
    [XCLIENT, 'HELO a> b', ...mail('h@example.net', BOB)],
    [...FROM_NAMED, 'h@example.net', BOB],
  ],
  [
    'RCPT',
    'rcpt',
    [...NAMED, ...mail('"a b"@example.net', '"c d"@example.org')],
    [...FROM_NAMED, 'a b@example.net', 'c d@example.org'],
  ],
  [
    'RCPT',
    'rcpt',
    [...NAMED, ...mail('"a, b"@example.net', '"c,d"@example.org')],
    [...FROM_NAMED, 'a, b@example.net', 'c,d@example.org'],
  ],
  [
    'RCPT',
    'rcpt',
    [...NAMED, ...mail('"a> to=<x"@example.net', '"c> proto=ESMTP"@example.org')],
    [...FROM_NAMED, 'a> to=<x@example.net', 'c> proto=ESMTP@example.org'],
  ],
  [
    'RCPT',
    'rcpt',
    [...NAMED, ...mail('"q\\"x\\\\y"@example.net', '"c\\"d"@example.org')],
    [...FROM_NAMED, 'q"x\\y@example.net', 'c"d@example.org'],
  ],
  [
    'RCPT',
    'rcpt',
    [...NAMED, 'MAIL FROM:<jürgen@example.net> SMTPUTF8', 'RCPT TO:<büro@bücher.example>'],
    [...FROM_NAMED, 'jürgen@example.net', 'büro@bücher.example'],
  ],
  ['RCPT', 'submission', [...NAMED, ...mail('s@example.net', BOB)], [...FROM_NAMED, 's@example.net', BOB]],
  [
    'RCPT',
    'submission',
    ['XCLIENT NAME=[UNAVAILABLE] ADDR=IPV6:2001:db8::1', EHLO, ...mail('v6@example.net', BOB)],
    ['unknown', '2001:db8::1', 'v6@example.net', BOB],
  ],
  [
    'RCPT',
    'secondInstance',
    [...NAMED, ...mail('w@example.net', BOB)],
    [...FROM_NAMED, 'w@example.net', BOB],
  ],
  ['DATA', 'data', [...NAMED, ...mail('d1@example.net', BOB)], [...FROM_NAMED, 'd1@example.net', BOB]],
  ['DATA', 'data', [...NAMED, ...mail('d2@example.net', BOB, CAROL)], [...FROM_NAMED, 'd2@example.net', '']],
  [
    'END-OF-MESSAGE',
    'endOfData',
    [...NAMED, ...mail('e1@example.net', BOB)],
    [...FROM_NAMED, 'e1@example.net', BOB],
  ],
  [
    'END-OF-MESSAGE',
    'endOfData',
    [...NAMED, ...mail('e2@example.net', BOB, CAROL)],
    [...FROM_NAMED, 'e2@example.net', ''],
  ],
  ['VRFY', 'rcpt', [XCLIENT, 'VRFY vera@example.org'], [...FROM_NAMED, '', 'vera@example.org']],
  ['VRFY', 'rcpt', [...NAMED, 'VRFY <verb@example.org>'], [...FROM_NAMED, '', 'verb@example.org']],
  ['ETRN', 'etrn', [...NAMED, 'ETRN example.org'], [...FROM_NAMED, '', '']],
];

describe.skipIf(!runs)('the lines of one request', () => {
  let postfix: Postfix;
  let rounds = 0;

  beforeAll(async () => {
    postfix = await Postfix.start(Object.values(SERVICES));
  });

  afterAll(() => postfix?.stop());

  const portOf = (service: Service) => postfix.extraPorts[Object.keys(SERVICES).indexOf(service)] ?? 0;

  /** Has a greyd asked about all of REQUESTS. */
  async function askAll() {
    const greyd = await startGreyd(postfix);
    for (const [, service, said] of REQUESTS) await smtpDialogue(portOf(service), said);
    rounds += 1;
    // The last one was rejected; smtpd logs that before it says so.
    await postfix.logged(new RegExp(`(reject: ETRN from[^]*?){${rounds}}`));
    const rejected = postfix.log.split('\n').filter((line) => /: reject(_warning)?: /.test(line));
    return {
      ofGreyd: await actionLines(greyd, REQUESTS.length),
      ofPostfix: rejected.slice(-REQUESTS.length),
      ask: (command: string, lines: readonly string[], ...options: string[]) =>
        greyctl([command, `--dbdir=${greyd.dbdir}`, '--from-log=-', ...options], { input: lines.join('\n') }),
    };
  }

  test('tell of the same client, sender and recipient, with whatever stands before them', async () => {
    const { ofGreyd, ofPostfix } = await askAll();
    expect(ofPostfix).toHaveLength(REQUESTS.length);
    for (const [index, [stage, , , tellsOf]] of REQUESTS.entries()) {
      const [ours = '', theirs = ''] = [ofGreyd[index], ofPostfix[index]];
      expect(theirs).toMatch(new RegExp(`: reject(_warning)?: ${stage} from `));
      const alone = theirs.replace(/^.*?\]: /, '');
      for (const line of [ours, `Nov 29 20:53:00 mx postgrey[1]: ${ours}`, theirs, alone])
        expect([line, [...(readLoggedRequest(line) ?? new Map()).values()]]).toEqual([
          line,
          [tellsOf[1], tellsOf[0], tellsOf[2], tellsOf[3]],
        ]);
    }
  });

  test('are explained, of whatever stage', async () => {
    const { ofGreyd, ofPostfix, ask } = await askAll();
    for (const [index, [stage, , , [, , sender, recipient]]] of REQUESTS.entries()) {
      if (stage === 'RCPT') continue;
      const line = (index % 2 === 0 ? ofGreyd : ofPostfix)[index] ?? '';
      const { status, stdout, stderr } = await ask('explain', [line], '--json', ...NO_LISTS);
      expect({ line, stderr }).toEqual({ line, stderr: '' });
      expect({ status, ...JSON.parse(stdout) }).toMatchObject({
        ...{ status: 1, sender, recipient },
        triplet: { state: 'waiting' },
      });
    }
  });

  test('let a mail to several recipients pass at DATA, and forget it', async () => {
    const { ofGreyd, ofPostfix, ask } = await askAll();
    const index = REQUESTS.findIndex(([stage, , , tellsOf]) => stage === 'DATA' && tellsOf[3] === '');
    const lines = [ofGreyd[index] ?? '', ofPostfix[index] ?? ''];
    const name = '192.0.2.0 d2@example.net -> (no recipient)';
    expect((await ask('explain', lines, ...NO_LISTS)).stdout).toContain('d2@example.net -> (no recipient)\n');
    expect(await ask('pass', lines)).toEqual({
      status: 0,
      stdout: `marked as passed: ${name}\n`,
      stderr: '',
    });
    const [, service, said] = REQUESTS[index] ?? REQUESTS[0] ?? [];
    const session = await smtpDialogue(portOf(service ?? 'data'), said ?? []);
    expect(await postfix.delivered(session.queueId)).toHaveLength(2);
    expect(await ask('forget', lines)).toEqual({ status: 0, stdout: `forgotten: ${name}\n`, stderr: '' });
  });

  test('are told by report, without a time too', async () => {
    const { ofGreyd } = await askAll();
    const report = async (head: string) => {
      const lines = ofGreyd.map((line) => head + line);
      const end = head === '' ? [] : ['Nov 30 23:00:00 mx postfix/qmgr[1]: x'];
      const { status, stdout, stderr } = await greyctl(['report', '--json'], {
        input: [...lines, ...end, ''].join('\n'),
      });
      const of = stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, unknown>);
      const tellsOf = of.map(({ client_name, client_address, sender, recipient }) =>
        [client_name, client_address, sender, recipient].join(' '),
      );
      return { status, stderr, tellsOf: tellsOf.sort(), first: new Set(of.map(({ first }) => first)) };
    };
    const all = REQUESTS.map(([, , , tellsOf]) => tellsOf.join(' ')).sort();
    expect(await report('Nov 30 20:53:00 mx postgrey[1]: ')).toEqual({
      ...{ status: 0, stderr: '', tellsOf: all },
      first: new Set(['Nov 30 20:53:00']),
    });
    expect(await report('')).toEqual({
      ...{ status: 0, tellsOf: all, first: new Set([null]) },
      stderr: `greyctl: ${all.length} lines have no time: some of the mail listed may still be retried\n`,
    });
  });
});
