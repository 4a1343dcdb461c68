/**
 * greyctl report: what was greylisted and never came back, by the log alone. The way is
 *
 *   log-lines -> mail-log -> unreturned -> report-clients -> report-format
 *
 * The options are those of postgreyreport, in its spelling too, but for the ones that ask DNS or are
 * about its database.
 */
import { pipeline } from 'node:stream/promises';
import { type OptionEntry, UsageError } from '../command-line.ts';
import { makeCommand, type Surroundings } from './command.ts';
import { linesOf, STDIN } from './log-lines.ts';
import { MailLog } from './mail-log.ts';
import { daemonOption } from './options.ts';
import { type ClientChoice, chooseClients } from './report-clients.ts';
import {
  jsonForm,
  ownForm,
  type PostgreyreportForm,
  postgreyreportForm,
  sortByClient,
} from './report-format.ts';
import { MAX_OPEN, type Tries, Unreturned, type UnreturnedSettings } from './unreturned.ts';

/** So many seconds a log may begin before the end of the one before it. */
const OVERLAP = 3600;

interface Given extends ClientChoice {
  delay: number;
  lookupByHost?: true;
  ipv4cidr: number;
  ipv6cidr: number;
  singleLine?: true;
  nosingleLine?: true;
  tab?: true;
  showTries?: true;
  showTime?: true;
  separateBySubnet?: string;
  separateByIp?: string;
}

const OPTIONS: readonly OptionEntry[] = [
  { ...daemonOption('--delay'), help: 'seconds after which a retry counts, as the daemon has it' },
  daemonOption('--lookup-by-host'),
  daemonOption('--ipv4cidr'),
  daemonOption('--ipv6cidr'),
  {
    flags: '--skip-pool',
    help: 'leave out clients whose name holds the last two numbers of their IPv4 address',
  },
  {
    flags: '--skip-clients <FILE>',
    help: 'leave out these clients; patterns as in --whitelist-clients; may be repeated',
    repeatable: true,
  },
  {
    flags: '--match-clients <FILE>',
    help: 'report these clients only; patterns as in --whitelist-clients; may be repeated',
    repeatable: true,
  },
  { flags: '--single-line', help: "print postgreyreport's line: address, name, sender, recipient" },
  {
    flags: '--nosingle-line',
    help: "print postgreyreport's grouped form",
    aliases: ['--no-single_line', '--no-single-line'],
  },
  { flags: '--tab', help: 'the line with tabs between its columns' },
  { flags: '--show-tries', help: "the number of tries in one of postgreyreport's forms" },
  { flags: '--show-time', help: 'the time of the last try, before the line' },
  {
    flags: '--separate-by-subnet <TEXT>',
    help: "text before each new /24 (IPv6: /64) in one of postgreyreport's forms; \\n ends a line",
    parse: withLineEnds,
  },
  {
    flags: '--separate-by-ip <TEXT>',
    help: 'the same before each new address',
    parse: withLineEnds,
  },
];

export const reportCommand = makeCommand<Given>(
  {
    name: 'greyctl report',
    summary: 'list what was greylisted and never came back',
    usage: '[options] [FILE...]',
    description:
      'Reads mail logs of greyd or postgrey (plain or packed by gzip; none or -: standard input; the oldest ' +
      'first), and lists the triplets of which no mail passed or was tried again after --delay seconds. What ' +
      'was first tried less than --delay seconds before the end of the log is left out: it has had no chance ' +
      'yet; lines without a time (journalctl -o cat) do not say so. No database is read. With one of the options from --single-line on the output is that of ' +
      'postgreyreport, whose spellings (--show_tries) are taken too.\n\n' +
      'Examples:\n' +
      '  greyctl report /var/log/mail.log.1 /var/log/mail.log\n' +
      '  journalctl -t postgrey --since=-2d | greyctl report\n' +
      '  greyctl report --tab /var/log/mail.log.2.gz | cut -f3 | sort | uniq -c',
    options: OPTIONS.map(withUnderscores),
  },
  async (given, words, surroundings) => {
    const { isJson } = surroundings;
    const form = formOf(given);
    if (isJson && form !== undefined)
      throw new UsageError("--json is a form of its own: leave out the options of postgreyreport's forms");
    const isWanted = await chooseClients(given, surroundings.tell);
    const lengths = given.lookupByHost
      ? { ipv4: 32, ipv6: 128 }
      : { ipv4: given.ipv4cidr, ipv6: given.ipv6cidr };
    const paths = words.length === 0 ? [STDIN] : words;
    const found = await readLogs(paths, { delay: given.delay, lengths }, surroundings);
    if (found === undefined) return 1;
    const sorted = sortByClient(found.filter(isWanted));
    const text = isJson
      ? jsonForm(sorted)
      : form === undefined
        ? ownForm(sorted)
        : postgreyreportForm(sorted, form);
    if (form === undefined && sorted.length === 0)
      surroundings.tell('nothing to report: all came back, or has had no chance to');
    await pipeline(text, surroundings.output, { end: false });
    return 0;
  },
);

/** @returns undefined if none of the logs has a line of the daemon */
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
          tell(`${path} begins before the end of the log before it: name the oldest log first`);
        answered += 1;
        unreturned.take(entry);
      }
      read += lines.length;
      progress?.(`${read} lines`);
    }
    progress?.('');
    if (answered === answeredBefore)
      tell(`${path}: no line of greyd or postgrey about a request; is it a mail log, plain or of gzip?`);
  }
  if (withoutTime > 0)
    tell(`${withoutTime} lines have no time: of some that they tell of, mail may still be tried again`);
  if (unreturned.isIncomplete)
    tell(`more than ${MAX_OPEN} triplets were waiting at a time, the rest is not listed: read fewer days`);
  return answered === 0 ? undefined : unreturned.tries(log.end ?? 0);
}

/** undefined: none of postgreyreport's forms is asked for. */
function formOf(given: Given): PostgreyreportForm | undefined {
  const { singleLine, nosingleLine, tab, showTries, showTime, separateBySubnet, separateByIp } = given;
  const asked = [singleLine, nosingleLine, tab, showTries, showTime, separateBySubnet, separateByIp];
  if (asked.every((value) => value === undefined)) return undefined;
  return {
    grouped: nosingleLine ?? false,
    tab: tab ?? false,
    showTries: showTries ?? false,
    showTime: showTime ?? false,
    separateBySubnet: separateBySubnet ?? '',
    separateByIp: separateByIp ?? '',
  };
}

/** Takes postgreyreport's spelling as well: --show_tries. */
function withUnderscores(entry: OptionEntry): OptionEntry {
  const [long = ''] = /--[\w-]+/.exec(entry.flags) ?? [];
  return { ...entry, aliases: [...(entry.aliases ?? []), `--${long.slice(2).replaceAll('-', '_')}`] };
}

function withLineEnds(text: string): string {
  return text.replaceAll('\\n', '\n');
}
