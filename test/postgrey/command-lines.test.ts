/**
 * Real command lines, from tutorials and distributions, and what becomes of them on the way: both
 * programs start with them and do the same, or neither starts, but for the list in differences.ts.
 */
import type { NetConnectOpts } from 'node:net';
import { describe, expect, test } from 'vitest';
import { HAS_IPV6 } from '../support/ports.ts';
import { canRun } from '../support/requirements.ts';
import { DIFFERENCES } from './differences.ts';
import { request, withBoth } from './directed.ts';
import { CLOSED, Link } from './link.ts';
import { Program } from './program.ts';
import { wireText } from './request.ts';

const DEBIAN_TEXT = '--greylist-text=Greylisted, see https://postgrey.schweikert.ch/help/mx.example.org.html';

/** With these both start and do the same. */
const SAME: readonly (readonly string[])[] = [
  // Where to listen.
  ['--inet=PORT'],
  ['--inet', 'PORT'],
  ['-i', 'PORT'],
  ['--i=PORT'],
  ['--i', 'PORT'],
  ['-inet', 'PORT'],
  ['--inet=127.0.0.1:PORT'],
  ['--inet=localhost:PORT'],
  ['--inet=*:PORT'],
  ['--inet=:PORT'],
  ['--inet=0.0.0.0:PORT'],
  ...(HAS_IPV6 ? [['--inet=[::1]:PORT'], ['--inet=::1:PORT'], ['--inet=[::]:PORT']] : []),
  ['--unix=SOCKET'],
  ['--unix', 'SOCKET'],
  ['-u', 'SOCKET'],
  ['--u=SOCKET'],
  ['--unix=SOCKET', '--socketmode=0600'],
  ['--unix=SOCKET', '--socketmode=660'],
  ['--inet=127.0.0.1:1', '--inet=PORT'],
  ['--unix', '', '--inet=PORT'],
  ['--unix=SOCKET', '--inet=PORT'],
  // Values, given once and again.
  ['--inet=PORT', '--delay=60'],
  ['--inet=PORT', '--delay', '60'],
  ['--inet=PORT', '-delay', '60'],
  ['--inet=PORT', '--delay=060'],
  ['--inet=PORT', '--delay=+60'],
  ['--inet=PORT', '--delay=0'],
  ['--inet=PORT', '--delay=60', '--delay=300'],
  ['--inet=PORT', '--delay=300', '--max-age=35', '--retry-window=2'],
  ['--inet=PORT', '--max-age=0', '--ipv4cidr=0', '--ipv6cidr=0', '--listen-queue-size=0'],
  ['--inet=PORT', '--retry-window=12H', '--delay=60'],
  ['--inet=PORT', '--retry-window=02'],
  ['--inet=PORT', '--auto-whitelist-clients'],
  ['--inet=PORT', '--auto-whitelist-clients='],
  ['--inet=PORT', '--auto-whitelist-clients', '--delay=60'],
  ['--inet=PORT', '--auto-whitelist-clients=1', '--delay=60'],
  ['--inet=PORT', '--auto-whitelist-clients', '1', '--delay=60'],
  ['--inet=PORT', '--auto-whitelist-clients=0', '--delay=60'],
  ['--inet=PORT', '--auto-whitelist-clients', '', '--delay=60'],
  ['--inet=PORT', '--lookup-by-host', '--lookup-by-subnet'],
  ['--inet=PORT', '--listen-queue-size=5', '--hostname=mx.example.org', '--exim', '--privacy'],
  ['--inet=PORT', '--syslog-facility=mail', '--syslogfacility=mail', '--facility', 'mail'],
  ['--inet=PORT', '--whitelist-clients=recipients', '--whitelist-clients', 'clients'],
  ['-q', '-v', '--inet=PORT', '--verbose', '--quiet', '-privacy', '-exim'],
  // Texts.
  ['--inet=PORT', '--greylist-text=Come back in %s seconds', '--delay=60'],
  ['--inet=PORT', '--greylist-text', 'Come back in %s seconds'],
  ['--inet=PORT', "--greylist-text='Come"],
  ['--inet=PORT', '--greylist-text', '', '--delay=60'],
  ['--inet=PORT', '--greylist-text', '--delay=60'],
  ['--inet=PORT', '--greylist-action', '451', '--greylist-text', '--'],
  ['--inet=PORT', '--greylist-text', ' '],
  ['--inet=PORT', '--greylist-text=a', '--greylist-text=b'],
  ['--inet=PORT', '--x-greylist-header', 'X-Delay: %t', '--delay=60'],
  // As Debian's unit and init script have them.
  ['--inet=PORT', DEBIAN_TEXT],
  ['--inet=PORT', '--delay=60', '--greylist-text=mine', DEBIAN_TEXT],
  ['--inet=PORT', ''],
  ['--inet=PORT', '--'],
  ['--inet=PORT', '--delay=60', '--', '--bogus'],
  ['--inet=PORT', 'stray'],
];

/** With these neither starts. */
const NEITHER: readonly (readonly string[])[] = [
  [],
  ['--delay=60'],
  ['--bogus', '--inet=PORT'],
  ['--INET=PORT'],
  ['--in=PORT'],
  ['--inet=PORT', '--del=60'],
  ['--inet=PORT', '--lookup_by_host'],
  ['--inet=PORT', '--delay=abc'],
  ['--inet=PORT', '--delay=5s'],
  ['--inet=PORT', '--delay=5.5'],
  ['--delay', '--inet=PORT'],
  ['--inet=PORT', '--delay'],
  ['--inet=PORT', '--max-age=1.5'],
  ['--inet=PORT', '--retry-window=2d'],
  ['--inet=PORT', '--retry-window=abc'],
  ['--inet=PORT', '--ipv4cidr=20.5'],
  ['--inet=PORT', '--auto-whitelist-clients', '-2'],
  ['--inet=PORT', '--privacy=1'],
  ['--inet=abc'],
  ['--inet=127.0.0.1'],
  ['--inet=PORT', '-n'],
  ['--inet=PORT', '--noaction'],
  ['--inet=PORT', '--no-action'],
  ['--inet=PORT', '--user=nosuchuser'],
  ['--inet=PORT', '--group=nosuchgroup'],
];

/** With these they do different things, for a reason on the list. */
const LISTED: readonly (readonly [difference: string, ...words: string[]])[] = [
  ['stray words', '', '--inet=PORT'],
  ['stray words', 'stray', '--inet=PORT'],
  ['stray words', '--inet=PORT', '', '--delay=60'],
  ['stray words', '--inet=PORT', "--greylist-text='Come", 'back,', "please'", '--delay=60', ''],
  ['stray words', '--inet=PORT', '--delay=60', '+v', '--greylist-action=451'],
  ['empty values', '--inet=PORT', '--greylist-text='],
  ['empty values', '--inet=PORT', '--delay='],
  ['empty values', '--inet=PORT', '--retry-window', ''],
  ['spellings', '-i=PORT'],
  ['spellings', '-inet=PORT'],
  ['spellings', '--inet=PORT', '-vq'],
  ['spellings', '--inet=PORT', '-vi', 'PORT'],
  ['words for numbers', '--inet=PORT', '--auto-whitelist-clients=-1'],
  ['senseless values', '--inet=PORT', '--delay=-1'],
  ['placeholders', '--inet=PORT', '--greylist-text=%s %s'],
  ['zero for a text', '--inet=PORT', '--greylist-action=0'],
];

/** Attempts at mails of two senders, so many seconds after the start. */
const ATTEMPTS: readonly (readonly [seconds: number, sender: string])[] = [
  [0, 'alice@example.net'],
  [59, 'alice@example.net'],
  [60, 'alice@example.net'],
  [300, 'alice@example.net'],
  [400, 'bob@example.net'],
];

/** Returns the effect of a command line on a program: its answers, or `ends`. */
async function effectOf(
  name: 'postgrey' | 'greyd',
  args: readonly string[],
): Promise<readonly string[] | 'ends'> {
  const program = await Program.launch(name, { args, listen: 'none' });
  const place = placeOf(program, args);
  if (!(await program.isListening(place))) return 'ends';
  const answers = [];
  for (const [seconds, sender] of ATTEMPTS) {
    const link = new Link(place);
    const answer = await link.ask(wireText(request(seconds, { sender })));
    link.close();
    // Some errors are found only when the place is open already.
    if (answer === CLOSED) return 'ends';
    answers.push(answer.replace(/by \S+ at \S+ .*/, ''));
  }
  return answers;
}

function placeOf({ where, socket }: Program, args: readonly string[]): NetConnectOpts {
  const last = args.findLast((word) => /PORT|SOCKET/.test(word)) ?? '';
  if (last.includes('SOCKET')) return { path: socket };
  return last.includes('::') ? { ...where, host: '::1' } : where;
}

const text = (words: readonly string[]) =>
  words.map((word) => (/^$|\s/.test(word) ? `'${word}'` : word)).join(' ');
const canCompare = canRun('tests of command lines', { programs: ['postgrey'], root: true });

describe.skipIf(!canCompare)('both do the same', () => {
  test.each(SAME.map((words) => ({ name: text(words), words })))('$name', async ({ words }) => {
    const { postgrey, greyd } = await withBoth((name) => effectOf(name, words));
    expect(postgrey).not.toBe('ends');
    expect(greyd).toEqual(postgrey);
  });
});

describe.skipIf(!canCompare)('neither starts', () => {
  test.each(NEITHER.map((words) => ({ name: text(words), words })))('$name', async ({ words }) => {
    expect(await withBoth((name) => effectOf(name, words))).toEqual({ postgrey: 'ends', greyd: 'ends' });
  });
});

describe.skipIf(!canCompare)('they differ on purpose', () => {
  test.each(LISTED.map(([difference, ...words]) => ({ name: text(words), difference, words })))(
    '$difference: $name',
    async ({ difference, words }) => {
      expect(DIFFERENCES.map(({ name }) => name)).toContain(difference);
      const { postgrey, greyd } = await withBoth((name) => effectOf(name, words));
      expect(greyd).not.toEqual(postgrey);
    },
  );
});
