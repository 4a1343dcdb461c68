/**
 * The state after a power cut, as strace(1) shows it: the answer that defers a mail is written to its
 * socket only after the write of its record to the write-ahead log, and after a later fsync of that has
 * returned.
 *
 * Each recipient has a domain of its own, which stands both in the record and in the answer.
 *
 * Known limit: whether the disk keeps what it says it has is not for a test to show.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Daemon, temporaryDirectory } from '../support/daemon.ts';
import { canRun } from '../support/requirements.ts';

const CONNECTIONS = 8;
const MAILS_PER_CONNECTION = 25;
/** Strings are shown up to this length: a page of the database is shorter. */
const SHOWN_BYTES = 8192;

const NEEDS = { programs: ['strace'], commands: ['strace -D -o /dev/null true'] };

describe.skipIf(!canRun('what strace sees of the disk', NEEDS))('power cut', () => {
  test('no answer leaves before the disk has its record', async () => {
    const trace = join(temporaryDirectory(), 'trace');
    const calls = 'trace=fsync,fdatasync,pwrite64,write,writev,sendto,sendmsg';
    const launcher = ['strace', '-D', '-f', '-y', '-s', String(SHOWN_BYTES), '-e', calls, '-o', trace];
    const daemon = await Daemon.start([], { launcher });
    await Promise.all(
      Array.from({ length: CONNECTIONS }, async (_, connection) => {
        const client = await daemon.connect();
        for (let mail = 0; mail < MAILS_PER_CONNECTION; mail += 1) {
          const recipient = `bob@d${connection * MAILS_PER_CONNECTION + mail}.example`;
          expect(await client.ask({ recipient })).toMatch(/^DEFER_IF_PERMIT /);
        }
        client.close();
      }),
    );
    expect((await daemon.stop()).status).toBe(0);

    const { written, synced, answered } = readTrace(readFileSync(trace, 'latin1').split('\n'));
    expect(answered.size).toBe(CONNECTIONS * MAILS_PER_CONNECTION);
    const early = [...answered].filter(([domain, answeredAt]) => {
      const writtenAt = written.get(domain) ?? Number.POSITIVE_INFINITY;
      return !synced.some(({ begin, end }) => writtenAt < begin && end < answeredAt);
    });
    expect(early).toEqual([]);
  });
});

interface Trace {
  /** The line on which the record of a domain is first written to the log. */
  readonly written: ReadonlyMap<string, number>;
  /** The lines on which an fsync of the log was called and has returned. */
  readonly synced: readonly { readonly begin: number; readonly end: number }[];
  /** The line on which the answer with a domain is sent. */
  readonly answered: ReadonlyMap<string, number>;
}

/** strace's lines: `PID call(FD<PATH>, ...) = RESULT`, or in two parts if another thread comes between. */
function readTrace(lines: readonly string[]): Trace {
  const written = new Map<string, number>();
  const answered = new Map<string, number>();
  const synced: { begin: number; end: number }[] = [];
  /** By thread: where a call began that has not returned. */
  const syncing = new Map<string, number>();
  for (const [at, line] of lines.entries()) {
    const [, pid = '', call = ''] = /^(\d+) +(.*)$/.exec(line) ?? [];
    const isSync = /^f(data)?sync\(\d+<[^>]*greyd\.db-wal>/.test(call);
    if (isSync && call.endsWith('<unfinished ...>')) syncing.set(pid, at);
    else if (isSync && call.endsWith('= 0')) synced.push({ begin: at, end: at });
    else if (/^<\.\.\. f(data)?sync resumed>.*= 0$/.test(call)) {
      const begin = syncing.get(pid);
      if (begin !== undefined) synced.push({ begin, end: at });
      syncing.delete(pid);
    }
    const places = /^pwrite64\(\d+<[^>]*greyd\.db-wal>/.test(call)
      ? written
      : call.includes('action=DEFER') && answered;
    if (!places) continue;
    for (const [, domain = ''] of call.matchAll(/[@/](d\d+\.example)/g))
      if (!places.has(domain)) places.set(domain, at);
  }
  return { written, synced, answered };
}
