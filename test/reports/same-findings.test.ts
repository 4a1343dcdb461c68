/**
 * The same traffic at the real postgrey and at greyd, both in the background with their log in syslog:
 * what administrators read the log with finds the same in both.
 */
import { describe, expect, test } from 'vitest';
import { Daemon } from '../support/daemon.ts';
import { canRun } from '../support/requirements.ts';
import { logcheck, POSTGREY_RULES } from './logcheck.ts';
import { BEGIN, linesOf, serveTraffic, TRAFFIC_NEEDS } from './mail-host.ts';
import { exported, postgreyreport } from './postgreyreport.ts';

const runs = canRun('tests of what reads the log', {
  ...TRAFFIC_NEEDS,
  programs: [...TRAFFIC_NEEDS.programs, 'postgreyreport', 'db_load', 'logcheck', 'setpriv'],
});

/** Lines of each program about its own start and end. */
const OF_ITSELF =
  /: (Process Backgrounded|\S+ postgrey \(type|Binding to|Setting [gu]id|\S+ Server closing!|greyd \S+ listening on|SIGTERM received: stopping)/;

/** Lines about the traffic without what differs from run to run, and postgrey's mark for a warning in syslog. */
function aboutTraffic(lines: readonly string[]): string[] {
  return lines
    .filter((line) => !OF_ITSELF.test(line))
    .map((line) =>
      line.replace(/^\w{3} [ \d]\d [\d:]{8} \S+ (\S+)\[\d+\]: (WARNING: )?/, '$1: ').replace(/#012$/, ''),
    );
}

/** What greyd logs with --profile=smart of a farm that passes, and of mail of our own. */
async function linesOfProfile(): Promise<string[]> {
  const daemon = await Daemon.start(['--profile=smart', '--allow-test-time', '--auto-whitelist-farms=1']);
  const client_name = 'mx1.out.example.net';
  for (const policy_test_time of [BEGIN, BEGIN + 60]) await daemon.ask({ client_name, policy_test_time });
  await daemon.ask({ client_name, policy_test_time: BEGIN + 70, sender: 'new@example.net' });
  for (const sasl_username of ['bob', 'bob', '']) {
    await daemon.ask({ policy_context: 'outgoing', sasl_username, policy_test_time: BEGIN + 80 });
  }
  await daemon.ask({ sasl_username: 'bob' });
  await daemon.logged(/reason=authenticated.*\n/);
  expect(daemon.log).toContain('whitelisted farm of: ');
  expect(daemon.log).toContain('reason=farm AWL');
  expect(daemon.log.match(/action=outgoing/g)).toHaveLength(3);
  return daemon.logLines;
}

describe.skipIf(!runs)('the log of greyd', () => {
  test('is read like that of postgrey', async () => {
    const postgrey = await serveTraffic('postgrey');
    const greyd = await serveTraffic('greyd');
    const logs = {
      postgrey: postgrey.rsyslog.mailLog('traditional'),
      greyd: greyd.rsyslog.mailLog('traditional'),
    };
    const greydsTriplets = await exported(greyd.dbdir);

    expect(aboutTraffic(linesOf(logs.greyd))).toEqual(aboutTraffic(linesOf(logs.postgrey)));

    for (const args of [
      [],
      ['--show_tries'],
      ['--tab'],
      ['--nosingle_line'],
      ['--delay=250'],
      ['--skip_pool'],
    ])
      expect(postgreyreport(logs.greyd, greydsTriplets, args), args.join()).toEqual(
        postgreyreport(logs.postgrey, postgrey.dbdir, args),
      );

    const findings = logcheck(logs.greyd, POSTGREY_RULES);
    expect(aboutTraffic(findings)).toEqual(aboutTraffic(logcheck(logs.postgrey, POSTGREY_RULES)));
    expect(aboutTraffic(findings).filter((line) => line.startsWith('postgrey'))).toEqual([
      'postgrey: whitelisted: cad-a-bbd-f.example.net[203.0.113.5]',
      // Debian's rule does not know the long queue ids of Postfix.
      expect.stringMatching(/^postgrey: 4XyZ12ABcdzr9: action=greylist, /),
      'postgrey: attribute missing: recipient',
    ]);
  });

  test.each(['own', 'traditional'] as const)(
    "gives logcheck nothing to report on a normal day, with greyd's own rules, in rsyslog's %s form",
    async (form) => {
      const { rsyslog } = await serveTraffic('greyd');
      const log = rsyslog.mailLog(form);
      const [line = ''] = linesOf(log);
      const say = (text: string) => `${line.replace(/: .*/, '')}: ${text}\n`;
      // See the tests of the cleaner.
      const cleaning = [
        'cleaning up old entries...',
        'cleaning main database finished. before: 12, after: 3',
      ];
      // At DATA of a mail to several recipients, and at ETRN.
      const withoutRecipient = [
        '4F1A2B3C4D: action=greylist, reason=new, client_name=x, client_address=192.0.2.1, sender=a@example.net',
        'action=greylist, reason=new, client_address=192.0.2.1',
      ];
      const reload = 'HUP received: reloading whitelists...';
      const ofProfile = await linesOfProfile();
      const day = log + [...cleaning, ...withoutRecipient, reload, ...ofProfile].map(say).join('');
      const reported = logcheck(day, ['etc/logcheck/ignore.d.server/greyd']);
      expect(reported.filter((line) => line.includes(' postgrey['))).toEqual([
        expect.stringMatching(/: attribute missing: recipient$/),
      ]);
    },
  );
});
