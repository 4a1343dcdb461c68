import { expect, test } from 'vitest';
import { encodeReply } from '../../src/policy/action.ts';

test('a reply is one line and an empty one', () => {
  expect(encodeReply('DEFER_IF_PERMIT Greylisted')).toBe('action=DEFER_IF_PERMIT Greylisted\n\n');
});

test('no text can end the line early', () => {
  expect(encodeReply('DEFER_IF_PERMIT a\n\naction=OK\r\0\x7f ü')).toBe(
    'action=DEFER_IF_PERMIT a??action=OK??? ü\n\n',
  );
});
