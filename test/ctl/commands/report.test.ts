/**
 * greyctl report, as it is called.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { temporaryDirectory } from '../../support/daemon.ts';
import { greyctl } from '../../support/greyctl.ts';

const line = (time: string, what: string, client: string, sender: string, name = 'mail.example.net') =>
  `Nov 23 ${time} mx postgrey[1]: action=${what}, client_name=${name}, client_address=${client}, sender=${sender}, recipient=bob@example.org\n`;

const YESTERDAY =
  line('10:00:00', 'greylist, reason=new', '192.0.2.1', 'alice@example.net') +
  line('10:00:01', 'greylist, reason=new', '192.0.2.9', 'lost@example.net') +
  line('10:00:02', 'greylist, reason=new', '198.51.100.7', 'lost@example.net', 'dyn-100-7.example.net') +
  line('10:00:03', 'greylist, reason=new', '192.0.2.100', 'pool@example.net') +
  line('10:01:00', 'greylist, reason=early-retry (241s missing)', '192.0.2.9', 'lost@example.net');
const TODAY =
  line('10:05:00', 'pass, reason=triplet found, delay=300', '192.0.2.1', 'alice@example.net') +
  line('10:06:00', 'pass, reason=triplet found, delay=357', '192.0.2.101', 'pool@example.net') +
  line('11:00:00', 'greylist, reason=new', '192.0.2.1', 'young@example.net');

const ALL = `192.0.2.9\tmail.example.net\tlost@example.net\tbob@example.org
198.51.100.7\tdyn-100-7.example.net\tlost@example.net\tbob@example.org
`;
const [LINE_9, LINE_7] = ALL.split(/(?<=\n)/);
/** Its retry came from its neighbour. */
const LINE_100 = '192.0.2.100\tmail.example.net\tpool@example.net\tbob@example.org\n';

function files(contents: Readonly<Record<string, string | Buffer>>): string[] {
  const folder = temporaryDirectory();
  return Object.entries(contents).map(([name, content]) => {
    const path = join(folder, name);
    writeFileSync(path, content);
    return path;
  });
}

const report = (args: readonly string[], input: string | Buffer = YESTERDAY + TODAY) =>
  greyctl(['report', ...args], { input });

test('clients, triplets, numbers of tries, first and last times', async () => {
  expect(await report([])).toEqual({
    status: 0,
    stdout: ` tries  first            last             mail
mail.example.net[192.0.2.9]
     2  Nov 23 10:00:01  Nov 23 10:01:00  from=<lost@example.net> to=<bob@example.org>
dyn-100-7.example.net[198.51.100.7]
     1  Nov 23 10:00:02  Nov 23 10:00:02  from=<lost@example.net> to=<bob@example.org>
`,
    stderr: '',
  });
});

describe('what is read', () => {
  test('several files, packed or not, one after the other', async () => {
    const paths = files({ 'mail.log.2.gz': gzipSync(YESTERDAY), 'mail.log.1': TODAY });
    expect(await report(['--tab', ...paths], '')).toEqual({ status: 0, stdout: ALL, stderr: '' });
  });

  test('standard input among them, packed', async () => {
    const [path = ''] = files({ 'mail.log': TODAY });
    expect(await report(['--tab', '-', path], gzipSync(YESTERDAY))).toEqual({
      status: 0,
      stdout: ALL,
      stderr: '',
    });
  });

  test('a wrong order is reported', async () => {
    const [old = '', recent = ''] = files({
      old: YESTERDAY.replaceAll('Nov 23', 'Nov 21'),
      recent: YESTERDAY + TODAY,
    });
    const { status, stderr } = await report(['--tab', recent, old]);
    expect([status, stderr]).toEqual([
      0,
      `greyctl: ${old} begins before the end of the log before it: give the oldest log first\n`,
    ]);
  });

  test('a file that is missing is one line, and nothing is printed', async () => {
    const [path = ''] = files({ 'mail.log': YESTERDAY + TODAY });
    expect(await report([path, '/nonexistent/mail.log'])).toEqual({
      status: 1,
      stdout: '',
      stderr: 'greyctl: cannot read /nonexistent/mail.log: no such file\n',
    });
  });

  test('a log without lines of the daemon, and one in which all mail was retried', async () => {
    expect(await report(['--tab'], 'Nov 23 10:00:00 mx cron[1]: nothing\n')).toEqual({
      status: 1,
      stdout: '',
      stderr: 'greyctl: -: no line of greyd or postgrey about a request; is it a mail log, plain or gzip?\n',
    });
    expect(await report(['--tab'], TODAY)).toEqual({ status: 0, stdout: '', stderr: '' });
    expect(await report([], TODAY)).toEqual({
      status: 0,
      stdout: '',
      stderr: 'greyctl: nothing to report: all greylisted mail was retried, or may still be\n',
    });
  });
});

describe('options', () => {
  const clients = (content: string) => files({ clients: content })[0] ?? '';

  test.each<[string, () => string[], string]>([
    ['--delay', () => ['--delay=59'], LINE_7 ?? ''],
    ['--delay as long as the log', () => ['--delay', '3600'], ''],
    ['--lookup-by-host', () => ['--lookup-by-host'], `${LINE_9}${LINE_100}${LINE_7}`],
    ['--ipv4cidr', () => ['--ipv4cidr=31'], ALL],
    ['--ipv4cidr for single hosts', () => ['--ipv4cidr=32'], `${LINE_9}${LINE_100}${LINE_7}`],
    ['--skip_pool', () => ['--skip_pool'], LINE_9 ?? ''],
    ['--skip_clients', () => [`--skip_clients=${clients('192.0.2 # a network\n')}`], LINE_7 ?? ''],
    ['--match-clients', () => ['--match-clients', clients('/^DYN-/\n')], LINE_7 ?? ''],
    [
      'both, and repeated',
      () => [
        `--match_clients=${clients('example.net')}`,
        `--match_clients=${clients('192.0.2.9')}`,
        `--skip_clients=${clients('198.51.100.0/24')}`,
      ],
      LINE_9 ?? '',
    ],
  ])('%s', async (_, args, stdout) => {
    expect(await report(['--tab', ...args()])).toEqual({ status: 0, stdout, stderr: '' });
  });

  test.each([
    [['--single_line'], '      192.0.2.9 mail.example.net lost@example.net bob@example.org\n'],
    [['--show_tries'], '2       192.0.2.9 mail.example.net lost@example.net bob@example.org\n'],
    [['--show-time'], 'Nov 23 10:01:00       192.0.2.9 mail.example.net lost@example.net bob@example.org\n'],
    [['--nosingle_line'], `${'mail.example.net'.padEnd(84)}192.0.2.9\n`],
    [['--no-single-line'], `${'mail.example.net'.padEnd(84)}192.0.2.9\n`],
    [
      ['--separate_by_subnet=--\\n'],
      '--\n      192.0.2.9 mail.example.net lost@example.net bob@example.org\n',
    ],
    [['--tab', '--separate-by-ip', 'x\\ny'], `x\ny${LINE_9}`],
  ])('%j', async (args, start) => {
    const { stdout, stderr } = await report(args);
    expect(stdout.slice(0, start.length)).toBe(start);
    expect(stderr).toBe('');
  });

  test('a line of a file of clients that is no pattern is reported', async () => {
    const path = clients('*.example.net\n192.0.2.9\n');
    const { stdout, stderr } = await report(['--tab', `--skip-clients=${path}`]);
    expect(stdout).toBe(LINE_7);
    expect(stderr).toMatch(`greyctl: ${path} line 1: skipped *.example.net: `);
  });

  test('a file of clients that is missing is an error', async () => {
    const { status, stdout, stderr } = await report(['--skip-clients=/nonexistent/clients']);
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^greyctl: cannot read \/nonexistent\/clients: .*\n$/);
  });

  test.each([['--check_sender=mx'], ['--delay=soon']])('%s is a wrong command line', async (option) => {
    const { status, stdout, stderr } = await report([option]);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^greyctl: .*\n$/);
  });
});
