/**
 * greyctl report: lists greylisted mail that was never retried, from the log alone:
 *
 *   log-lines -> mail-log -> unreturned -> report-clients -> report-format
 *
 * The options are those of postgreyreport, in its spelling too, except those that need DNS or postgrey's database.
 */
import { pipeline } from 'node:stream/promises';
import { MailLog } from '../../mail-log/entries.ts';
import { linesOf, STDIN } from '../../mail-log/lines.ts';
import { MAX_OPEN, type Tries, Unreturned, type UnreturnedSettings } from '../../mail-log/never-retried.ts';
import { type OptionEntry, partsOf, UsageError } from '../../options/command-line.ts';
import type { GivenOf } from '../../options/given.ts';
import { daemonOption } from '../../options/of-daemon.ts';
import { networkLengthsOf } from '../../options/shared.ts';
import { makeCommand, type Surroundings } from '../command.ts';
import { chooseClients } from './report-clients.ts';
import {
  jsonForm,
  ownForm,
  type PostgreyreportForm,
  postgreyreportForm,
  sortByClient,
} from './report-format.ts';

/** Seconds by which a log may begin before the end of the one before it. */
const OVERLAP = 3600;

const REPORT_OPTIONS = [
  { ...daemonOption('--delay'), help: 'seconds after which a retry counts, as --delay of greyd' },
  daemonOption('--lookup-by-host'),
  daemonOption('--ipv4cidr'),
  daemonOption('--ipv6cidr'),
  {
    flags: '--skip-pool',
    help: 'skip clients whose name holds the last two numbers of their IPv4 address',
  },
  {
    flags: '--skip-clients <FILE>',
    help: 'skip these clients; patterns as in --whitelist-clients; may be repeated',
    repeatable: true,
  },
  {
    flags: '--match-clients <FILE>',
    help: 'report only these clients; patterns as in --whitelist-clients; may be repeated',
    repeatable: true,
  },
  { flags: '--single-line', help: "print postgreyreport's line form: address, name, sender, recipient" },
  {
    flags: '--nosingle-line',
    help: "print postgreyreport's grouped form",
    aliases: ['--no-single_line', '--no-single-line'],
  },
  { flags: '--tab', help: 'print the line form with tabs between its columns' },
  { flags: '--show-tries', help: "print the number of tries in one of postgreyreport's forms" },
  { flags: '--show-time', help: 'print the time of the last try before each line of the line form' },
  {
    flags: '--separate-by-subnet <TEXT>',
    help: "text before each new /24 (IPv6: /64) in one of postgreyreport's forms; \\n ends a line",
    parse: withLineEnds,
  },
  {
    flags: '--separate-by-ip <TEXT>',
    help: "text before each new address in one of postgreyreport's forms; \\n ends a line",
    parse: withLineEnds,
  },
] as const satisfies readonly OptionEntry[];

type GivenReport = GivenOf<typeof REPORT_OPTIONS>;

export const reportCommand = makeCommand(
  {
    name: 'greyctl report',
    summary: 'list greylisted mail that was never retried',
    usage: '[options] [FILE...]',
    description:
      'Reads mail logs of greyd or postgrey (plain or gzip; none or -: standard input; the oldest ' +
      'first), and lists the triplets of which no mail passed or was retried after --delay seconds. ' +
      'Mail that was first tried less than --delay seconds before the end of the log is not listed: it may still ' +
      'be retried. Where lines have no time (journalctl -o cat), such mail is listed too. No database is read. ' +
      'With one of the options from --single-line on the output is that of postgreyreport, whose spellings ' +
      '(--show_tries) are understood too.\n\n' +
      'Examples:\n' +
      '  greyctl report /var/log/mail.log.1 /var/log/mail.log\n' +
      '  journalctl -t postgrey --since=-2d | greyctl report\n' +
      '  greyctl report --tab /var/log/mail.log.2.gz | cut -f3 | sort | uniq -c',
    options: withUnderscores(REPORT_OPTIONS),
    arguments: { positional: { expected: 'FILE', isFile: true, count: [0, Number.POSITIVE_INFINITY] } },
  },
  async (given, { values }, surroundings) => {
    const { isJson } = surroundings;
    const form = formOf(given);
    if (isJson && form !== undefined)
      throw new UsageError("--json cannot be combined with the options of postgreyreport's forms");
    const isWanted = await chooseClients(given, surroundings.tell);
    const lengths = networkLengthsOf(given);
    const paths = values.length === 0 ? [STDIN] : values;
    const found = await readLogs(paths, { delay: given.delay, lengths }, surroundings);
    if (found === undefined) return 1;
    const sorted = sortByClient(found.filter(isWanted));
    const text = isJson
      ? jsonForm(sorted)
      : form === undefined
        ? ownForm(sorted)
        : postgreyreportForm(sorted, form);
    if (form === undefined && sorted.length === 0)
      surroundings.tell('nothing to report: all greylisted mail was retried, or may still be');
    await pipeline(text, surroundings.output, { end: false });
    return 0;
  },
);

/** @returns undefined if no log has a line of greyd or postgrey */
async function readLogs(
  paths: readonly string[],
  settings: UnreturnedSettings,
  { input, now, tell, progress }: Surroundings,
): Promise<Tries[] | undefined> {
  const log = new MailLog(now());
  const unreturned = new Unreturned(settings);
  let answered = 0;
  let read = 0;
  let withoutTime = 0;
  for (const path of paths) {
    const endBefore = log.end ?? 0;
    const answeredBefore = answered;
    for await (const lines of linesOf(path, input)) {
      for (const entry of lines.map((line) => log.read(line))) {
        if (entry === undefined) continue;
        if (entry.time === undefined) withoutTime += 1;
        else if (answered === answeredBefore && entry.time < endBefore - OVERLAP)
          tell(`${path} begins before the end of the log before it: give the oldest log first`);
        answered += 1;
        unreturned.take(entry);
      }
      read += lines.length;
      progress?.(`${read} lines`);
    }
    progress?.('');
    if (answered === answeredBefore)
      tell(`${path}: no line of greyd or postgrey about a request; is it a mail log, plain or gzip?`);
  }
  if (withoutTime > 0)
    tell(
      `${withoutTime === 1 ? '1 line has' : `${withoutTime} lines have`} no time: some of the mail listed may still be retried`,
    );
  if (unreturned.isIncomplete)
    tell(`more than ${MAX_OPEN} triplets were waiting at a time, the others are not listed: read fewer days`);
  return answered === 0 ? undefined : unreturned.tries(log.end ?? 0);
}

/** @returns undefined if none of postgreyreport's forms is asked for */
function formOf(given: GivenReport): PostgreyreportForm | undefined {
  const { singleLine, nosingleLine, tab, showTries, showTime, separateBySubnet, separateByIp } = given;
  const asked = [singleLine, nosingleLine, tab, showTries, showTime, separateBySubnet, separateByIp];
  if (asked.every((value) => !value && value !== '')) return undefined;
  return {
    grouped: nosingleLine,
    tab,
    showTries,
    showTime,
    separateBySubnet: separateBySubnet ?? '',
    separateByIp: separateByIp ?? '',
  };
}

/** Adds postgreyreport's spelling: --show_tries. */
function withUnderscores<Table extends readonly OptionEntry[]>(table: Table): Table {
  const spelled = table.map((entry: OptionEntry) => {
    const long = partsOf(entry.flags).long.slice(2);
    return { ...entry, aliases: [...(entry.aliases ?? []), `--${long.replaceAll('-', '_')}`] };
  });
  return spelled as readonly OptionEntry[] as Table;
}

function withLineEnds(text: string): string {
  return text.replaceAll('\\n', '\n');
}
