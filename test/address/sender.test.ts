import { expect, test } from 'vitest';
import { normaliseSender } from '../../src/address/sender.ts';

test.each([
  ['plain', 'alice@example.net', 'alice@example.net'],
  ['upper case stays', 'Alice@Example.NET', 'Alice@Example.NET'],
  ['null sender', '', ''],
  ['no @', 'postmaster+1 42', 'postmaster+1 42'],
  ['subaddress', 'alice+news@example.net', 'alice@example.net'],
  ['several subaddresses', 'alice+a+b@example.net', 'alice@example.net'],
  ['nothing before the plus', '+a@example.net', '@example.net'],
  [
    'VERP with the recipient',
    'bounce-42-bob=example.org@lists.example.net',
    'bounce-#-bob=example.org@lists.example.net',
  ],
  ['digits that are words', '1-22.333=4@example.net', '#-#.#=#@example.net'],
  ['digits inside words stay', 'a1-2b-c3d-_4@example.net', 'a1-2b-c3d-_4@example.net'],
  ['digits beside non-ASCII letters are words', 'ü12@example.net', 'ü#@example.net'],
  ['digits in the domain stay', 'a@24.example.net', 'a@24.example.net'],
  ['only the part before the first @ changes', 'a+1@b+2@example.net', 'a@b+2@example.net'],
  ['BATV, tag first', 'prvs=1234567890=alice@example.net', 'alice@example.net'],
  ['BATV, tag second', 'prvs=alice=1234567890@example.net', 'alice@example.net'],
  ['BATV, neither looks like a tag', 'prvs=abc=alice@example.net', 'alice@example.net'],
  ['BATV, both look like tags', 'prvs=1234567890=abcdefghij@example.net', 'abcdefghij@example.net'],
  ['BATV, nothing before the second =', 'prvs==alice@example.net', 'alice@example.net'],
  ['BATV, nothing after the second =', 'prvs=1234567890=@example.net', 'prvs=#=@example.net'],
  ['BATV in upper case is none', 'PRVS=1234567890=alice@example.net', 'PRVS=#=alice@example.net'],
  ['BATV needs exactly two =', 'prvs=1234567890=a=b@example.net', 'prvs=#=a=b@example.net'],
  ['BATV, then subaddress and digits', 'prvs=1234567890=list-7+x@example.net', 'list-#@example.net'],
])('%s', (_, sender, normalised) => {
  expect(normaliseSender(sender)).toBe(normalised);
});
