/**
 * Everything in which greyd differs from postgrey on purpose, with the reason: the one list that both
 * docs/differences.md and the comparison of the two programs go by. That page is made of it, word
 * for word and in this order; a difference that generated traffic meets says here what greyd does in
 * postgrey's place, and all others are shown one by one in differences.test.ts.
 */
import type { Grounds } from './ledger.ts';
import {
  closesConnection,
  latin1,
  maskedLog,
  noControlCharacters,
  rememberedInstances,
  type Translation,
  zeroes,
} from './translations.ts';

export type Subject = 'Answers' | 'Options' | 'Whitelists' | 'Log';

export interface Difference {
  /** For tests. */
  readonly name: string;
  readonly about: Subject;
  /** In Markdown, as in docs/differences.md. */
  readonly text: string;
  readonly reason: string;
  /** What greyd says where postgrey says something else. */
  readonly inGreyd?: Translation;
  /**
   * If the programs know different things from here on: what the last line that greyd logs must
   * match. The rest of the conversation is not compared.
   */
  readonly parts?: (grounds: Grounds) => RegExp | undefined;
  /** The test that shows greyd's side of it, where the two programs cannot be shown side by side. */
  readonly shownIn?: { readonly file: string; readonly test: string };
}

export const DIFFERENCES: readonly Difference[] = [
  {
    name: 'no IP address',
    about: 'Answers',
    text: 'A client_address that is no IP address is answered `DUNNO`, with a warning (postgrey: dies). So are `192.0.2`, `192.0.2.01`, `[2001:db8::1]` and host names, which postgrey takes for addresses; `fe80::1%eth0` is one.',
    reason: 'One bad request must not end the service for all.',
  },
  {
    name: 'other types',
    about: 'Answers',
    text: 'A request of another type, or an empty one, closes the connection (postgrey: answers only the next one).',
    reason: 'It tells Postfix that something is wrong.',
    inGreyd: closesConnection,
  },
  {
    name: 'outgoing mail',
    about: 'Answers',
    text: 'A request with `policy_context=outgoing` is answered `DUNNO` (postgrey: greylists it).',
    reason: 'It is [our own](good-mail.md).',
  },
  {
    name: 'carriage returns',
    about: 'Answers',
    text: 'A carriage return within a line is part of the value (postgrey: never answers the connection again).',
    reason: 'Waiting holds up a mail.',
  },
  {
    name: 'large requests',
    about: 'Answers',
    text: 'A request of more than 1 MiB or 1,000 attributes (`--max-request-size`, `--max-request-attributes`) is answered `DUNNO`, with a warning (postgrey: no limit).',
    reason: 'No client may use up the memory.',
  },
  {
    name: 'bounds on connections',
    about: 'Answers',
    text: 'A client that takes more than 100 seconds for a request or an answer (`--request-timeout`) is disconnected; beyond 10,000 connections (`--max-connections`) the one that was answered longest ago is closed (postgrey: no limit but open files).',
    reason: 'No client may shut others out.',
    shownIn: {
      file: 'test/faults/floods.test.ts',
      test: '5,000 halves of requests are closed after --request-timeout, which is told once',
    },
  },
  {
    name: 'a store that fails',
    about: 'Answers',
    text: 'If the database fails, or has not answered within `--store-timeout`, mail passes with `DUNNO`; the log says so once, and again when it works.',
    reason: 'No mail is lost because of greyd.',
    shownIn: {
      file: 'test/daemon/lifecycle.test.ts',
      test: 'a database that cannot be opened is one line, and mail passes until it can',
    },
  },
  {
    name: 'profiles',
    about: 'Answers',
    text: 'With `--profile=smart` hosts of one registered domain share a wait, and [more](good-mail.md).',
    reason: 'Good mail must not wait longer than it has to.',
    shownIn: {
      file: 'test/daemon/smart.test.ts',
      test: 'a pool that retries from other networks passes at its second try',
    },
  },
  {
    name: 'floods of triplets',
    about: 'Answers',
    text: 'Beyond `--max-triplets` and `--max-new-per-client` mail of new triplets passes, and they are not stored (postgrey: stores any number).',
    reason: 'A flood must not fill the disk, and only stored mail may be deferred.',
    shownIn: {
      file: 'test/store-thread/greylister.test.ts',
      test: 'beyond --max-triplets new ones pass, and those that are known are greylisted as ever',
    },
  },
  {
    name: 'a shared store',
    about: 'Answers',
    text: 'With `--store` records are in Valkey or Redis, for several hosts (postgrey: one host).',
    reason: 'A sender that tries the next host must not be deferred again.',
    shownIn: {
      file: 'test/shared-store/two-greyds.test.ts',
      test: '%s answer as one alone would',
    },
  },
  {
    name: 'a lost or damaged database',
    about: 'Answers',
    text: 'A database that was removed or replaced is opened anew; a damaged one is set aside and a new one begun (postgrey: continues with the removed one).',
    reason: 'Otherwise both are found too late.',
    shownIn: {
      file: 'test/store/sqlite/reopening-store.test.ts',
      test: 'damaged while it is in use is set aside after one failure',
    },
  },
  {
    name: 'expiry',
    about: 'Answers',
    text: 'Limits hold at the lookup, to the second: a record older than `--max-age` counts as absent (postgrey: only once it is deleted, at night).',
    reason: 'An answer must not depend on when something was cleaned up.',
    parts: ({ tripletExpired, clientExpired, delayed }) => {
      if (tripletExpired) return /action=greylist, reason=new/;
      if (!clientExpired) return undefined;
      return delayed === undefined ? /reason=(?!client AWL)/ : /reason=triplet found/;
    },
  },
  {
    name: 'last visits',
    about: 'Answers',
    text: 'The last-seen time of a triplet that has passed is updated once an hour at most, and `--max-age` has an hour more for it (postgrey: each time).',
    reason: 'Known mail needs no write to the disk, and is not forgotten early.',
    shownIn: {
      file: 'test/greylist/decision.test.ts',
      test: 'has its visits noted at most once an hour, but each in its first one, and after one from the future',
    },
  },
  {
    name: 'clients from the future',
    about: 'Answers',
    text: 'A client that was last counted for the auto-whitelist in the future is counted (postgrey: only an hour after that time).',
    reason: 'A clock that was wrong once must not keep a client off the list for years.',
    parts: ({ clientFromFuture }) => (clientFromFuture ? /reason=triplet found/ : undefined),
  },
  {
    name: 'cleaning',
    about: 'Answers',
    text: 'Old records are deleted in the background, a few hundred at a time (postgrey: all at once, and answers nobody meanwhile).',
    reason: 'A million records would stop all incoming mail for half a minute.',
    shownIn: {
      file: 'test/store-thread/cleaner.test.ts',
      test: 'walks a minute after the start and once a day, slice by slice, with pauses between',
    },
  },
  {
    name: 'instances',
    about: 'Answers',
    text: 'One X-Greylist header per message is kept up over 20,000 messages (postgrey: 10). An empty `instance` is none, and `0` is one (postgrey: one, and one that was seen before).',
    reason: 'More than ten messages come at the same time.',
    inGreyd: rememberedInstances,
  },
  {
    name: 'test time',
    about: 'Answers',
    text: '`policy_test_time` counts only with `--allow-test-time`.',
    reason: 'Nobody but a test may set the clock.',
  },
  {
    name: 'placeholders',
    about: 'Answers',
    text: 'Each `%s`, `%r`, `%t` … in a text is filled in (postgrey: the first of each).',
    reason: 'The text asks for it.',
  },
  {
    name: 'name',
    about: 'Answers',
    text: 'The header says `greyd-VERSION`.',
    reason: 'greyd delayed the mail.',
  },
  {
    name: 'control characters in answers',
    about: 'Answers',
    text: 'A control character in an answer, from a recipient, is written as `?` (postgrey: as is).',
    reason: 'Postfix would take it for the end of the answer, or refuse it.',
    inGreyd: noControlCharacters,
  },
  {
    name: 'other bytes',
    about: 'Answers',
    text: 'A value that is not UTF-8 is read as Latin-1, for answers, log and database (postgrey: as bytes); `é` in either is the same sender.',
    reason: 'Postfix uses its default action for an answer that is not UTF-8.',
    inGreyd: latin1,
    parts: ({ otherBytes }) => (otherBytes ? /action=/ : undefined),
  },

  {
    name: 'words for numbers',
    about: 'Options',
    text: 'What is no number, address or header is an error: `--auto-whitelist-clients=foo`, `--listen-queue-size=-1`, `--socketmode=rw`, `--inet=localhost:smtp`, a port above 65535, a header without a colon (postgrey: starts).',
    reason: 'That is hardly what was meant.',
  },
  {
    name: 'senseless values',
    about: 'Options',
    text: 'So is a senseless value: a negative `--delay` or `--max-age`, `--ipv4cidr=33`, an unknown facility, a `--retry-window` or `--max-age` not longer than `--delay` (postgrey: starts, and dies at the first request, or passes no mail).',
    reason: 'An error at the start is better than mail that does not arrive.',
  },
  {
    name: 'zero for a text',
    about: 'Options',
    text: '`0` in place of a text, a user or a group is that text, or root (`--greylist-text=0`, `--user=0`; postgrey: the default).',
    reason: 'It is what was written.',
  },
  {
    name: 'exit status',
    about: 'Options',
    text: '`--help` ends with status 0 (postgrey: 1), a wrong option with 2 (postgrey: mostly 1). `--man` prints `--help`.',
    reason: 'systemd does not restart on 2, and no restart corrects a wrong option.',
  },
  {
    name: 'spellings',
    about: 'Options',
    text: 'More spellings of an option are understood: `-i=PORT`, `-iPORT`, `-delay=60`, `-qv` (postgrey: errors).',
    reason: 'Their meaning is clear.',
  },
  {
    name: 'stray words',
    about: 'Options',
    text: 'A word that belongs to no option is skipped with a warning, an empty one silently; the options after it count, and a second warning names them (postgrey: silently ignores everything from there on).',
    reason: 'Quotes get lost, and half of the options with them.',
  },
  {
    name: 'empty values',
    about: 'Options',
    text: 'An empty value changes nothing: `--greylist-text=` (postgrey: does not start), `--hostname ""` (postgrey: an empty name).',
    reason: 'A unit without POSTGREY_TEXT ends its command line so.',
  },
  {
    name: 'two places',
    about: 'Options',
    text: '`--unix` and `--inet` work together (postgrey: ignores `--unix`). Without a host, or with `localhost`, `--inet` is 127.0.0.1 and ::1 (postgrey: what /etc/hosts says).',
    reason: 'It is what the command line says.',
  },
  {
    name: 'inherited sockets',
    about: 'Options',
    text: 'Sockets of a service manager (`LISTEN_FDS`) are taken over (postgrey: ignores them, and clients hang).',
    reason: 'With them no connection is refused during a restart.',
    shownIn: { file: 'test/daemon/lifecycle.test.ts', test: 'sockets of the service manager are taken over' },
  },
  {
    name: 'occupied paths',
    about: 'Options',
    text: 'A socket that another program listens on, or a file that is no socket, is not replaced (postgrey: replaces it).',
    reason: 'It belongs to somebody.',
  },
  {
    name: 'pid file',
    about: 'Options',
    text: '`--pidfile` is written without `--daemonize` too (postgrey: not), and prevents a start only if it names a running greyd (postgrey: any running process).',
    reason: 'After a crash another process may have the number.',
  },
  {
    name: 'process name',
    about: 'Options',
    text: 'The process is named greyd: monitoring has to look for that.',
    reason: 'greyd is what runs.',
    shownIn: {
      file: 'test/service/process-name.test.ts',
      test: 'is named greyd, with its options behind that',
    },
  },
  {
    name: 'accounts and places',
    about: 'Options',
    text: "`--user` defaults to greyd, then postgrey; `--group` to the user's own group (postgrey: the group postgrey). Whitelists are in /etc/greyd, the database is in /var/lib/greyd, which is made if missing (postgrey: does not start).",
    reason: 'Both can be installed side by side.',
  },
  {
    name: 'privacy',
    about: 'Options',
    text: '`--privacy` stores digests under a secret key (postgrey: plain SHA-1).',
    reason: 'All addresses can be tried out in an afternoon.',
  },
  {
    name: 'options of its own',
    about: 'Options',
    text: "[All options](reference.md#options-of-greyd) from `--profile` on are greyd's own.",
    reason: 'They are for good mail, trials, monitoring, several hosts, and against floods and slow disks.',
  },
  {
    name: 'lines that are no patterns',
    about: 'Whitelists',
    text: 'A line that is no pattern is skipped with a warning that says what to write. Among them are lines that postgrey takes literally, so that they match next to nothing (`*.example.org`, `.example.org`, `@example.org`, `example.org.`, `10.1/16`, `10`, `192.0.2.1-192.0.2.9`, `::ffff:192.0.2.1`, `bob@example..org`, a name whose last label has no letter), addresses with leading zeros, and regular expressions on which it dies or that no name can match (`/@example\\.org$/` in the list of clients).',
    reason: 'Their author believes that they work.',
  },
  {
    name: 'letters',
    about: 'Whitelists',
    text: 'Upper and lower case are the same for all letters (postgrey: for ASCII). So are, but for regular expressions, `müller.example` and `xn--mller-kva.example` (postgrey: two domains).',
    reason: 'É and é are one letter, both forms one domain.',
  },
  {
    name: 'a.b',
    about: 'Whitelists',
    text: '`a.b` is the network a.b.0.0/16 (postgrey: a.b.0.0/24).',
    reason: 'As `a.b.c` is a /24, everybody expects it.',
  },
  {
    name: 'families',
    about: 'Whitelists',
    text: 'IPv4 networks hold no IPv6 addresses and vice versa (postgrey: `::/0` holds all of IPv4, `192.0.2.1` is `::192.0.2.1`).',
    reason: 'They are different hosts.',
  },
  {
    name: 'linear time',
    about: 'Whitelists',
    text: 'Regular expressions that cannot run in linear time are refused (postgrey: runs them).',
    reason: 'A client chooses its name, and must not stop the daemon with it.',
  },
  {
    name: 'reload',
    about: 'Whitelists',
    text: 'At a reload, a list stays as it was if one of its files cannot be read, or if it would lose all patterns (postgrey: empties it). A restart empties it.',
    reason: 'Wrong permissions, or a file emptied by mistake, must not defer the mail of listed hosts.',
  },

  {
    name: 'zeroes',
    about: 'Log',
    text: 'A value `0` is shown like any other (postgrey: is left out).',
    reason: 'It was in the request.',
    inGreyd: zeroes,
  },
  {
    name: 'escapes',
    about: 'Log',
    text: 'Values stand as received; only control characters and those that turn the reading direction are written as `\\u001b` (postgrey: in the foreground, every byte that is not printable ASCII as `%C3`, and `%%` for `%`).',
    reason: 'Addresses stay readable, and no line can be forged.',
  },
  {
    name: 'garbage',
    about: 'Log',
    text: 'Lines that are no attributes are logged up to 10 per request, lines about requests that are none up to 5,000 an hour; the rest is counted (postgrey: all).',
    reason: 'Garbage must not fill the disk.',
  },
  {
    name: 'own lines',
    about: 'Log',
    text: "Lines at start and stop, about cleaning up, with `--verbose`, and warnings beyond postgrey's are greyd's own. In syslog nothing stands before warnings (postgrey: `WARNING: ` before some).",
    reason: 'The lines that log parsers read are the same.',
    shownIn: {
      file: 'test/service/syslog.test.ts',
      test: 'lines have ident, process id, facility and severity: %j',
    },
  },
  {
    name: 'masked log',
    about: 'Log',
    text: 'With `--privacy` no full address stands in the log (postgrey: all of them).',
    reason: 'It would show what the database hides.',
    inGreyd: maskedLog,
  },
  {
    name: 'json',
    about: 'Log',
    text: '`--log-format=json` writes an object per line.',
    reason: 'Programs read it without guessing.',
    shownIn: { file: 'test/daemon/answers.test.ts', test: '--log-format=json writes one object per line' },
  },
];

/** The list as it stands in docs/differences.md. */
export function asMarkdown(): string {
  const subjects = [...new Set(DIFFERENCES.map(({ about }) => about))];
  return subjects
    .map((subject) => {
      const items = DIFFERENCES.filter(({ about }) => about === subject);
      return [`## ${subject}\n`, ...items.map(({ text, reason }) => `- ${text} *${reason}*`)].join('\n');
    })
    .join('\n\n');
}
