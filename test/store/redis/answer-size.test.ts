import { expect, test } from 'vitest';
import { AnswerSize } from '../../../src/store/redis/answer-size.ts';
import { randomNumbers } from '../../support/random-numbers.ts';

/** Returns the size reported for a text in one piece. */
const sizeOf = (text: string) => new AnswerSize().add(Buffer.from(text, 'latin1'));

test.each([
  ['+OK\r\n', 0],
  ['+O', 2],
  ['-ERR unknown command\r\n', 0],
  [':-12\r\n', 0],
  ['$-1\r\n', 0],
  ['$0\r\n\r\n', 0],
  ['$0\r\n', 6],
  ['$5\r\n$9\r\n\n\r\n', 0],
  ['$536870912\r\n', 536870912 + 14],
  ['*-1\r\n', 0],
  ['*0\r\n', 0],
  ['*2\r\n*1\r\n$1\r\na\r\n:1\r\n', 0],
  ['*2\r\n*1\r\n$1\r\na\r\n', 15 + 3 - 3],
  ['*1000000000\r\n', 13 + 3 * 999_999_999],
  ['+OK\r\n+OK\r\n$3\r\nab', 9],
  ['no answer', 9],
  ['no answer\r\n', 0],
])('%j has %i bytes to come or read', (text, size) => {
  expect(sizeOf(text)).toBe(size);
});

test('answers that come in any pieces end where they end', () => {
  const random = randomNumbers(16);
  const upTo = (most: number) => Math.floor(random() * (most + 1));
  const value = (depth: number): string => {
    const kind = upTo(depth > 0 ? 4 : 3);
    if (kind === 0) return '$-1\r\n';
    if (kind === 1) return `:${upTo(1e9)}\r\n`;
    if (kind === 2) return `+${'x'.repeat(upTo(40))}\r\n`;
    if (kind === 3) {
      const text = Array.from({ length: upTo(60) }, () => '*$\r\n3'[upTo(4)]).join('');
      return `$${text.length}\r\n${text}\r\n`;
    }
    const values = Array.from({ length: upTo(5) }, () => value(depth - 1));
    return `*${values.length}\r\n${values.join('')}`;
  };
  const size = new AnswerSize();
  for (let turn = 0; turn < 2000; turn += 1) {
    const answer = value(3);
    let at = 0;
    while (at < answer.length) {
      const piece = answer.slice(at, at + 1 + upTo(answer.length / 2));
      at += piece.length;
      const left = size.add(Buffer.from(piece, 'latin1'));
      // The announced size is never more than what comes.
      if (at < answer.length) expect(left).toBeGreaterThanOrEqual(at);
      expect(left).toBeLessThanOrEqual(at < answer.length ? answer.length : 0);
    }
  }
});
