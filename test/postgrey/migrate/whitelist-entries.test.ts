import { expect, test } from 'vitest';
import { addition, newEntries, patternsOf } from '../../../src/postgrey/migrate/whitelist-entries.ts';

test('patterns stand without their comments', () => {
  expect([...patternsOf('# one\n example.org # a\r\n\n/x/#y\nexample.org\n')]).toEqual([
    'example.org',
    '/x/',
  ]);
});

test('entries come with the comment above them and their own', () => {
  const text = '# of 2020\n# and later\nexample.org # ours\n\nexample.net\n';
  expect(newEntries(text, [])).toEqual([
    { number: 3, lines: ['# of 2020', '# and later', 'example.org # ours'] },
    { number: 5, lines: ['', 'example.net'] },
  ]);
});

test('what is known stays behind, with its comment', () => {
  const text = '# known\nexample.org\n# new\nexample.net\n# at the end\n';
  expect(newEntries(text, ['example.org # here too\n'])).toEqual([
    { number: 4, lines: ['# new', 'example.net'] },
  ]);
});

test('of an edited list only what was added comes along', () => {
  const shipped = '# postgrey whitelist\n\n# who is slow\nslow.example\nother.example\n';
  const edited = '# postgrey whitelist\n\n# mine\nmine.example\n# who is slow\nslow.example\n';
  expect(newEntries(edited, [shipped])).toEqual([{ number: 4, lines: ['# mine', 'mine.example'] }]);
});

test('an entry that stands there twice comes once', () => {
  expect(newEntries('a.example\na.example\n', [])).toHaveLength(1);
});

test('to do it again adds nothing', () => {
  const text = '# ours\nexample.org\n192.0.2.1\n';
  const added = addition('/etc/postgrey/whitelist_clients.local', newEntries(text, []));
  expect(added).toBe('# From /etc/postgrey/whitelist_clients.local:\n# ours\nexample.org\n192.0.2.1\n');
  expect(addition('/etc/postgrey/whitelist_clients.local', newEntries(text, [added]))).toBe('');
});
