/**
 * greyctl report finds in the log alone what postgreyreport finds with the help of the database, and
 * prints it in the same forms.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { temporaryDirectory } from '../support/daemon.ts';
import { greyctl } from '../support/greyctl.ts';
import { canRun } from '../support/requirements.ts';
import { BEGIN, linesOf, serveTraffic, TRAFFIC_NEEDS } from './mail-host.ts';
import { exported, postgreyreport } from './postgreyreport.ts';
import { QUIET_END, TRAFFIC } from './traffic.ts';

const runs = canRun('greyctl report beside postgreyreport', {
  ...TRAFFIC_NEEDS,
  programs: [...TRAFFIC_NEEDS.programs, 'postgreyreport', 'db_load'],
});

/** A time as the traditional log has it. */
function traditional(seconds: number): string {
  const [, month, day = '', , time] = new Date(seconds * 1000).toString().split(' ');
  return `${month} ${day.replace(/^0/, ' ')} ${time}`;
}

/** A traditional log with the times that its requests had, and an end for which all of them have waited. */
function withTimesOfTraffic(log: string): string {
  const times = TRAFFIC.map(({ at }) => BEGIN + at).values();
  let now = BEGIN;
  const lines = linesOf(log).map((line) => {
    if (line.includes(': action=')) now = times.next().value ?? now;
    return `${traditional(now)}${line.slice(15)}`;
  });
  lines.push(`${traditional(now + QUIET_END)} vm postfix/qmgr[4711]: statistics`);
  return lines.map((line) => `${line}\n`).join('');
}

/** In the order of postgreyreport here, which has none of its own for one client. */
async function report(log: string, args: readonly string[]): Promise<string[]> {
  const { stdout, stderr } = await greyctl(['report', ...args], { input: log });
  expect(stderr).toBe('');
  return linesOf(stdout).sort();
}

describe.skipIf(!runs).each(['postgrey', 'greyd'] as const)('greyctl report on the log of %s', (name) => {
  test('is the report of postgreyreport', async () => {
    const { rsyslog, dbdir } = await serveTraffic(name);
    const database = name === 'greyd' ? await exported(dbdir) : dbdir;
    const log = withTimesOfTraffic(rsyslog.mailLog('traditional'));

    const theirs = postgreyreport(log, database, ['--tab']);
    const ours = await report(log, ['--tab']);
    expect(theirs.length).toBeGreaterThan(8);
    expect(theirs.filter((line) => !ours.includes(line))).toEqual([
      // It takes other parts of a sender than postgrey does, and so does not find its triplet ...
      '192.0.2.35\tbjc-a-c-df.example.net\tprvs=#=user@example.net\tbob@example.org',
      // ... and does not see that one passed before its time, for its client was whitelisted by then.
      '203.0.113.5\tcad-a-bbd-f.example.net\tfour@example.net\tbob@example.org',
    ]);
    // It reads neither null senders nor IPv6.
    expect(ours.filter((line) => !theirs.includes(line))).toEqual([
      '192.0.2.33\tbjc-a-c-dd.example.net\t<>\tbob@example.org',
      '192.0.2.35\tbjc-a-c-df.example.net\tuser@example.net\tbob@example.org',
      '2001:db8::2\tcaab-dbi-c.example.net\tlost@example.net\tbob@example.org',
    ]);

    // The forms, of what both find.
    const others = join(temporaryDirectory(), 'clients');
    writeFileSync(others, '203.0.113.5\n192.0.2.33\n192.0.2.35\n2001:db8::/32\n');
    for (const args of [
      ['--single_line'],
      ['--show_tries', '--show_time'],
      ['--tab', '--show_tries', '--show_time'],
      ['--nosingle_line', '--show_tries'],
      ['--tab', '--skip_pool'],
      ['--tab', '--delay=250'],
    ]) {
      const skipping = [...args, `--skip_clients=${others}`];
      expect(await report(log, skipping), args.join()).toEqual(postgreyreport(log, database, skipping));
    }

    // It separates skipped clients too, and takes pools and unknown hosts for networks of their own.
    const withoutOthers = log.replace(/^.*(203\.0\.113\.5|192\.0\.2\.3[3-6]|2001:db8:).*\n/gm, '');
    for (const args of [
      ['--nosingle_line', '--separate_by_subnet=net\\n'],
      ['--separate_by_ip=address\\n'],
      ['--tab', '--separate_by_subnet=net\\n', '--separate_by_ip=address\\n'],
    ]) {
      expect(await report(withoutOthers, args), args.join()).toEqual(
        postgreyreport(withoutOthers, database, args),
      );
    }
  });
});
