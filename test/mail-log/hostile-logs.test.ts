/**
 * greyctl report over what is no mail log, or one that somebody else had a hand in: every client writes
 * into a mail log. Whatever the bytes, and however they come, they are read to their end.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ownForm, sortByClient } from '../../src/ctl/commands/report-format.ts';
import { MailLog } from '../../src/mail-log/entries.ts';
import { linesOf, STDIN } from '../../src/mail-log/lines.ts';
import { Unreturned } from '../../src/mail-log/never-retried.ts';
import { temporaryDirectory } from '../support/daemon.ts';
import { inputs } from '../support/fuzz.ts';
import { greyctl } from '../support/greyctl.ts';

const NOW = 1_764_000_000;
const SETTINGS = { delay: 300, lengths: { ipv4: 24, ipv6: 64 } };
const ACTION = (client: string, sender: string) =>
  `action=greylist, reason=new, client_name=mail.example.net, client_address=${client}, sender=${sender}, recipient=bob@example.org`;

const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');

/** The beginnings and the ends of lines that are read, some of them broken. */
const head = fc.constantFrom(
  'Nov 23 20:44:09 mx postgrey[1]: ',
  'Feb 29 24:00:60 mx postgrey[1]: ',
  'Foo 99 99:99:99 mx postgrey[1]: ',
  '2026-11-23T22:53:57.160079+00:00 mx greyd: ',
  '0000-01-01T00:00:00Z mx greyd: ',
  '9999-12-31T23:59:59-99:99 mx greyd: ',
  '{"level":30,"time":1795474437160,',
  '{"level":30,"time":999999999999999,',
  '{"level":30,"time":0,',
  'Nov 23 20:44:09 ',
  '',
);
const tail = fc.constantFrom(
  ACTION('192.0.2.1', 'alice@example.net'),
  ACTION('2001:db8::1', ''),
  ACTION('1.2.3', 'x'),
  ACTION('::%eth0', `${'1+'.repeat(100)}@`),
  ', client_address='.repeat(50),
  `${'['.repeat(5000)}`,
  '"action":"greylist","reason":"new","client_address":"192.0.2.1","sender":1,"recipient":{}}',
  '"action":"pass","client_address":"192.0.2.1","__proto__":{"sender":"x"}}',
  '"action":null}',
  '}',
  '',
);
const noise = fc.uint8Array({ maxLength: 60 }).map((array) => Buffer.from(array));
/** About as long as the longest line that is read: 64 KiB. */
const longNoise = fc.integer({ min: -2, max: 2 }).map((more) => Buffer.alloc(64 * 1024 + more, 'x'));
const piece = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(head, tail).map(([a, b]) => bytes(a + b)) },
  { weight: 4, arbitrary: noise },
  { weight: 1, arbitrary: longNoise },
  { weight: 1, arbitrary: fc.constantFrom('\x1f\x8b', '\x1f', '\0', '\r', '\xff').map(bytes) },
);
const end = fc.constantFrom('\n', '\n', '\n', '\r\n', '', '\0').map(bytes);
const log = fc.array(fc.tuple(piece, end), { maxLength: 10 }).map((lines) => Buffer.concat(lines.flat()));

/** Cuts bytes into chunks at these shares of their length; chunks may be empty. */
function cutAt(whole: Buffer, shares: readonly number[]): Buffer[] {
  const cuts = shares.map((share) => Math.floor(share * whole.length)).sort((a, b) => a - b);
  return [0, ...cuts].map((start, index) => whole.subarray(start, cuts[index] ?? whole.length));
}

async function linesIn(chunks: readonly Buffer[]): Promise<string[]> {
  const lines: string[] = [];
  for await (const some of linesOf(STDIN, Readable.from(chunks))) lines.push(...some);
  return lines;
}

/** Reads lines as greyctl report does. @returns its output */
function reportOf(lines: readonly string[]): string {
  const mailLog = new MailLog(NOW);
  const unreturned = new Unreturned(SETTINGS);
  for (const line of lines) {
    const entry = mailLog.read(line);
    if (entry !== undefined) unreturned.take(entry);
  }
  return [...ownForm(sortByClient(unreturned.tries(mailLog.end ?? 0)))].join('');
}

describe('any bytes', () => {
  const shares = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 10 });

  test('are the same lines in whatever chunks they come, or one error', async () => {
    const outcomeOf = (chunks: readonly Buffer[]) => linesIn(chunks).catch(String);
    await fc.assert(
      fc.asyncProperty(log, shares, async (whole, cuts) => {
        const outcome = await outcomeOf([whole]);
        expect(await outcomeOf(cutAt(whole, cuts))).toEqual(outcome);
        // Only what begins as a packed log may be none.
        if (typeof outcome === 'string') {
          expect(whole.subarray(0, 2)).toEqual(bytes('\x1f\x8b'));
          expect(outcome).toMatch(/^Error: cannot read standard input: [^\n]+$/);
        }
      }),
      { numRuns: inputs(150) },
    );
  });

  test('packed, they are the lines that they are plain', async () => {
    const plain = log.filter((whole) => !whole.subarray(0, 2).equals(bytes('\x1f\x8b')));
    await fc.assert(
      fc.asyncProperty(plain, shares, async (whole, cuts) => {
        expect(await linesIn(cutAt(gzipSync(whole), cuts))).toEqual(await linesIn([whole]));
      }),
      { numRuns: inputs(60) },
    );
  });

  test('are reported, or nothing is', async () => {
    let reported = 0;
    await fc.assert(
      fc.asyncProperty(log, async (whole) => {
        const lines = await linesIn([bytes('\n'), whole]);
        if (reportOf(lines) !== reportOf([])) reported += 1;
      }),
      { numRuns: inputs(300) },
    );
    expect(reported).toBeGreaterThan(0);
  });
});

describe('memory', () => {
  const MEGABYTE = 1024 * 1024;
  const LINE = `Nov 23 20:44:09 mx postgrey[1]: ${ACTION('192.0.2.1', 'alice@example.net')}\n`;
  const LATER = 'Nov 23 21:44:09 mx cron[1]: an hour later\n';
  const TELL_PEAK = {
    NODE_OPTIONS: `--import=${new URL('../support/tell-peak-memory.mjs', import.meta.url)}`,
  };

  /** @returns what is reported of a log, and how much memory was resident at most, in bytes */
  async function peakOf(input: Buffer): Promise<{ peak: number; stdout: string }> {
    const path = join(temporaryDirectory(), 'log');
    writeFileSync(path, input);
    const { status, stdout, stderr } = await greyctl(['report', path], { env: TELL_PEAK });
    expect(status, stderr).toBe(0);
    return { stdout, peak: Number(/^VmHWM:\s+(\d+) kB$/m.exec(stderr)?.[1]) * 1024 };
  }

  const around = (whole: Buffer) => Buffer.concat([Buffer.from(LINE), whole, Buffer.from(`\n${LATER}`)]);
  const longLine = () => around(Buffer.alloc(120 * MEGABYTE, 'x'));

  test.each([
    ['a line of 120 MB', longLine],
    ['the same, packed', () => gzipSync(longLine())],
  ])('for %s is that for a few lines', async (name, makeLog) => {
    const few = await peakOf(around(Buffer.alloc(0)));
    const begin = performance.now();
    const much = await peakOf(makeLog());
    const seconds = (performance.now() - begin) / 1000;
    expect(much.stdout).toBe(few.stdout);
    expect(much.stdout).toContain('from=<alice@example.net>');
    const more = (much.peak - few.peak) / MEGABYTE;
    console.info(`${name}: ${more.toFixed(0)} MB more than for 2 lines, ${seconds.toFixed(1)} s`);
    expect(more).toBeLessThan(60);
  });
});
