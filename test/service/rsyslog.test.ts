/**
 * The log of a daemon in the background, with the real rsyslogd: while that is not there, or stands
 * still, mail is answered.
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { BackgroundDaemon, ended } from '../support/background.ts';
import { temporaryDirectory } from '../support/daemon.ts';
import { inOwnMounts, OWN_MOUNTS_NEED } from '../support/own-mounts.ts';
import { type PolicyClient, requestText } from '../support/policy-client.ts';
import { canRun } from '../support/requirements.ts';
import { Rsyslog } from '../support/rsyslog.ts';

/** An answer that takes longer has waited for something. */
const QUICK_MS = 2000;

interface Logging {
  readonly daemon: BackgroundDaemon;
  readonly client: PolicyClient;
}

/** A greyd that logs to this socket and lets all mail to example.org pass at once. */
async function startLogging(devLog: string, mounts: { systemd?: boolean } = {}): Promise<Logging> {
  const whitelist = join(temporaryDirectory(), 'recipients');
  writeFileSync(whitelist, 'example.org\n', { mode: 0o644 });
  const launcher = inOwnMounts({ devLog, ...mounts });
  const daemon = await BackgroundDaemon.start([`--whitelist-recipients=${whitelist}`], { launcher });
  return { daemon, client: await daemon.connect() };
}

/** Asks about a mail, whose line in the log then ends with its recipient. */
const askAbout = (client: PolicyClient, name: string) => client.ask({ recipient: `${name}@example.org` });

/** Sends many requests, one after the other, whose lines are of about a kilobyte. @returns the longest time */
async function askMany(client: PolicyClient, count: number, name: string): Promise<number> {
  const sender = `${'x'.repeat(400)}@${'y'.repeat(100)}.example`;
  let longest = 0;
  for (let number = 0; number < count; number += 1) {
    const begin = performance.now();
    client.send(
      requestText({ sender, client_name: 'z'.repeat(400), recipient: `${name}-${number}@example.org` }),
    );
    expect(await client.reply()).toBe('DUNNO');
    longest = Math.max(longest, performance.now() - begin);
  }
  return longest;
}

/** The process that greyd's lines go through. */
function loggerOf({ pid }: BackgroundDaemon): number {
  return Number(execFileSync('pgrep', ['-P', String(pid), '-x', 'logger'], { encoding: 'utf8' }));
}

describe.skipIf(
  !canRun('rsyslog tests', { ...OWN_MOUNTS_NEED, programs: ['rsyslogd', 'logger', 'pgrep', 'tail'] }),
)('rsyslogd', () => {
  test("writes greyd's lines; while it is away greyd answers, and finds it again", async () => {
    const rsyslog = new Rsyslog();
    await rsyslog.start();
    const { daemon, client } = await startLogging(rsyslog.socket);
    await askAbout(client, 'first');
    expect(await rsyslog.received('recipient=first@example.org')).toMatch(
      `mail.notice postgrey[${daemon.pid}]: action=pass, reason=recipient whitelist, `,
    );

    await rsyslog.stop();
    expect(await askMany(client, 3000, 'away')).toBeLessThan(QUICK_MS);

    await rsyslog.start();
    // Lines sent before have gone through logger(1) by then.
    await askAbout(client, 'again');
    expect(await rsyslog.received('recipient=again@example.org')).toContain(`postgrey[${daemon.pid}]: `);
  });

  test('may come after greyd: until then one logger(1) waits for it', async () => {
    const rsyslog = new Rsyslog();
    const { daemon, client } = await startLogging(rsyslog.socket, { systemd: true });
    const logger = loggerOf(daemon);
    expect(await askMany(client, 1000, 'early')).toBeLessThan(QUICK_MS);
    expect(loggerOf(daemon)).toBe(logger);
    await rsyslog.start();
    await askAbout(client, 'late');
    await rsyslog.received('recipient=late@example.org');
  });

  test('that stands still holds nothing up: lines wait for it up to a bound, and the end does not', async () => {
    const rsyslog = new Rsyslog();
    await rsyslog.start();
    const { daemon, client } = await startLogging(rsyslog.socket);
    rsyslog.pause();
    const count = 12_000;
    expect(await askMany(client, count, 'still')).toBeLessThan(QUICK_MS);
    rsyslog.resume();
    // Lines are lost until there is room again.
    for (let number = 0; !rsyslog.lines.some((line) => line.includes('recipient=after-')); number += 1) {
      const change = rsyslog.changed();
      await askAbout(client, `after-${number}`);
      await change;
    }
    const waited = rsyslog.lines.filter((line) => line.includes('recipient=still-'));
    expect(waited.length).toBeGreaterThan((8 * 1024 * 1024) / 1100);
    expect(waited.length).toBeLessThan(count);
    expect(waited.map((line) => line.replace(/.*recipient=/, ''))).toEqual(
      waited.map((_, number) => `still-${number}@example.org`),
    );

    rsyslog.pause();
    await askMany(client, 2000, 'end');
    const begin = performance.now();
    const { pid } = daemon;
    process.kill(pid, 'SIGTERM');
    await ended(pid);
    expect(performance.now() - begin).toBeLessThan(5000);
  });

  test('a logger(1) that was killed is replaced, and no line is lost after that', async () => {
    const rsyslog = new Rsyslog();
    await rsyslog.start();
    const { daemon, client } = await startLogging(rsyslog.socket);
    const logger = loggerOf(daemon);
    process.kill(logger, 'SIGKILL');
    await ended(logger);
    expect(await askMany(client, 100, 'next')).toBeLessThan(QUICK_MS);
    await rsyslog.received('recipient=next-99@example.org');
    expect(rsyslog.lines.filter((line) => line.includes('recipient=next-'))).toHaveLength(100);
  });

  test('a stream socket as /dev/log, from which nobody reads, holds nothing up', async () => {
    const socket = join(temporaryDirectory(), 'log');
    const server = createServer({ pauseOnConnect: true }).listen(socket);
    onTestFinished(() => void server.close());
    const { client } = await startLogging(socket);
    expect(await askMany(client, 2000, 'stream')).toBeLessThan(QUICK_MS);
  });
});
