import { expect, test } from 'vitest';
import type { ActionEntry } from '../../src/log/action-line.ts';
import { createLogger, type LoggerSettings } from '../../src/log/logger.ts';
import type { LogSink } from '../../src/log/sink.ts';

const ENTRY: ActionEntry = {
  queueId: '',
  action: 'pass',
  reason: 'client AWL',
  clientName: '',
  clientAddress: '192.0.2.1',
  sender: '100%s@example.net',
  recipient: 'bob@example.org',
};
const LINE =
  'action=pass, reason=client AWL, client_address=192.0.2.1, sender=100%s@example.net, recipient=bob@example.org';

/** A log in memory: [pino's level, line]. */
function logInto(lines: [number, string][], settings: LoggerSettings) {
  const sink: LogSink = { write: (line, level) => void lines.push([level, line]), close: async () => {} };
  return createLogger(settings, sink);
}

test('text is the message and nothing else, at its level', () => {
  const lines: [number, string][] = [];
  const log = logInto(lines, { format: 'text', level: 'verbose' });
  log.debug('d');
  log.action(ENTRY);
  log.warn('w');
  log.error('e');
  expect(lines).toEqual([
    [20, 'd'],
    [30, LINE],
    [40, 'w'],
    [50, 'e'],
  ]);
});

test('JSON is one object per line with the fields', () => {
  const lines: [number, string][] = [];
  logInto(lines, { format: 'json', level: 'normal' }).action(ENTRY);
  expect(lines).toHaveLength(1);
  expect(JSON.parse(lines[0]?.[1] ?? '')).toMatchObject({
    level: 30,
    msg: LINE,
    action: 'pass',
    reason: 'client AWL',
  });
});

test.each([
  ['quiet', ['n', 'w', 'e']],
  ['normal', [LINE, 'n', 'w', 'e']],
  ['verbose', ['d', LINE, 'n', 'w', 'e']],
] as const)('%s', (level, expected) => {
  const lines: [number, string][] = [];
  const log = logInto(lines, { format: 'text', level });
  log.debug('d');
  log.action(ENTRY);
  log.notice('n');
  log.warn('w');
  log.error('e');
  expect(lines.map(([, line]) => line)).toEqual(expected);
});

test.each(['text', 'json'] as const)('control characters never reach the log raw: %s', (format) => {
  const lines: [number, string][] = [];
  const hostile = 'a\nb\r\0\x1b[2J\x7f\x9b\u2028\u202e ü€';
  logInto(lines, { format, level: 'normal' }).action({ ...ENTRY, sender: hostile });
  const line = lines[0]?.[1] ?? '';
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones looked for
  expect(line).not.toMatch(/[\x00-\x1f\x7f-\x9f\u2028\u202e]/);
  if (format === 'text')
    expect(line).toContain(
      'sender=a\\u000ab\\u000d\\u0000\\u001b[2J\\u007f\\u009b\\u2028\\u202e ü€, recipient=',
    );
  else expect(JSON.parse(line)).toMatchObject({ sender: hostile });
});
