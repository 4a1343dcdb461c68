/**
 * The log lines of docs/good-mail.md are what greyd writes when it is asked about the mails in them.
 */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { Daemon } from '../support/daemon.ts';
import { actionLines } from '../support/greylisting.ts';

const T = 1_800_000_000;
const MINUTE = 60;

/** The paragraphs of the page that are log lines. */
const BLOCKS = readFileSync('docs/good-mail.md', 'utf8')
  .split('\n\n')
  .filter((text) => text.startsWith('    action='))
  .map((text) => text.trim().split(/\n */));

/** What the daemon of each is started with, and when its mails come, in seconds. */
const ASKED = [
  { profile: 'postgrey', times: [0, 15 * MINUTE, 45 * MINUTE, 105 * MINUTE] },
  { profile: 'smart', times: [0, 15 * MINUTE] },
  { profile: 'smart', times: [0, 148] },
  { profile: 'smart', times: [0, 100] },
] as const;

test('the page has these paragraphs', () => {
  expect(BLOCKS.map((lines) => lines.length)).toEqual(ASKED.map(({ times }) => times.length));
});

test.each(ASKED.map((asked, index) => ({ ...asked, lines: BLOCKS[index] ?? [] })))(
  '--profile=$profile: $lines.0',
  async ({ profile, times, lines }) => {
    const daemon = await Daemon.start([`--profile=${profile}`, '--allow-test-time']);
    for (const [index, line] of lines.entries()) {
      const fields = [...line.matchAll(/, (client_name|client_address|sender|recipient)=([^,]*)/g)];
      await daemon.ask({
        ...Object.fromEntries(fields.map(([, name, value]) => [name, value])),
        ...(line.startsWith('action=outgoing') ? { policy_context: 'outgoing', sasl_username: 'bob' } : {}),
        policy_test_time: T + (times[index] ?? 0),
        instance: index,
      });
    }
    expect(await actionLines(daemon, lines.length)).toEqual(lines);
  },
);
