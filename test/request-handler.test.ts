/**
 * The handler in the face of trouble. What it answers in good times is in test/daemon/.
 */
import { expect, test } from 'vitest';
import { DecisionCounters } from '../src/decisions/counters.ts';
import { showAll } from '../src/log/disclosure.ts';
import { createLogger } from '../src/log/logger.ts';
import { RequestLog } from '../src/log/request-log.ts';
import { AttributeReader, type RawRequest } from '../src/policy/attributes.ts';
import { RequestHandler } from '../src/request-handler.ts';
import type { Greylisting, Verdict } from '../src/store-thread/greylister.ts';
import { Whitelists } from '../src/whitelist/whitelists.ts';
import { type Attributes, requestText } from './support/policy-client.ts';

const GREYLISTED = 'DEFER_IF_PERMIT 4.2.0 later';

function raw(changes: Attributes = {}): RawRequest {
  const reader = new AttributeReader({ maxBytes: 1024 * 1024, maxAttributes: 1000 });
  reader.push(Buffer.from(requestText(changes)));
  return reader.next() as RawRequest;
}

const NEW: Verdict = { action: 'greylist', reason: 'new', retryAfter: 300, wasInFuture: false };

/** A handler over greylisting as `decide` has it, and what it logs and counts. */
function setUp(decide: Greylisting['decide'], now = () => 1_700_000_000, uptime = () => now() * 1000) {
  const lines: string[] = [];
  const log = createLogger(
    { format: 'text', level: 'normal' },
    { write: (line) => void lines.push(line), close: async () => {} },
  );
  const counters = new DecisionCounters();
  const handler = new RequestHandler(
    {
      networkLengths: { ipv4: 24, ipv6: 64 },
      profile: 'postgrey',
      outgoingNetworks: [],
      greylistAction: 'DEFER_IF_PERMIT',
      greylistText: 'later',
      xGreylistHeader: 'X-Greylist: %t',
      hostname: 'mx',
      version: '0',
      dryRun: false,
      allowTestTime: false,
    },
    {
      whitelists: new Whitelists({ clients: [], recipients: [] }),
      greylisting: { decide },
      log: new RequestLog(log, showAll, uptime),
      counters,
      now,
    },
  );
  return { handler, lines, counters };
}

test('mail that cannot be stored passes, and is counted', async () => {
  let isFailing = true;
  const { handler, counters } = setUp(async () => {
    if (isFailing) throw new Error('database or disk is full');
    return NEW;
  });
  for (let number = 0; number < 3; number += 1) expect(await handler.answer(raw())).toBe('DUNNO');
  isFailing = false;
  expect(await handler.answer(raw())).toBe(GREYLISTED);
  expect(counters.summary()).toBe('4 requests: 3 fail open (store failure), 1 greylist (new)');
});

test('beyond --max-triplets mail passes; it is told once, beside the line of each mail', async () => {
  const { handler, lines } = setUp(async () => ({ action: 'pass', reason: 'over --max-triplets' }));
  expect(await handler.answer(raw())).toBe('DUNNO');
  expect(await handler.answer(raw())).toBe('DUNNO');
  const line = expect.stringMatching(/^action=pass, reason=over --max-triplets, client_name=/);
  expect(lines).toEqual(['--max-triplets reached: new triplets pass without greylisting', line, line]);
});

test('room for new triplets is told after a minute without such mail, with how many passed, and then its lack anew', async () => {
  const FULL = expect.stringMatching(/^--max-triplets reached: /);
  const OVER: Verdict = { action: 'pass', reason: 'over --max-triplets' };
  const EARLY: Verdict = { action: 'greylist', reason: 'early-retry', retryAfter: 1, wasInFuture: false };
  let now = 1_700_000_000;
  let verdict: Verdict = OVER;
  const { handler, lines } = setUp(
    async () => verdict,
    () => now,
  );
  const told = async (after: number, then: Verdict) => {
    [now, verdict] = [now + after, then];
    lines.length = 0;
    await handler.answer(raw());
    return lines.filter((line) => !line.startsWith('action='));
  };
  expect(await told(0, OVER)).toEqual([FULL]);
  // A few that were deleted make room for as many.
  expect(await told(1, NEW)).toEqual([]);
  expect(await told(1, OVER)).toEqual([]);
  expect(await told(60, EARLY)).toEqual([]);
  expect(await told(0, NEW)).toEqual(['room for new triplets again: 2 mails passed without greylisting']);
  expect(await told(0, NEW)).toEqual([]);
  expect(await told(0, OVER)).toEqual([FULL]);
});

test('a bug is answered DUNNO and told, and the next request is answered as ever', async () => {
  let isBroken = true;
  const { handler, lines } = setUp(
    async () => NEW,
    () => {
      if (isBroken) throw new Error('a bug');
      return 1_700_000_000;
    },
    () => 0,
  );
  expect(await handler.answer(raw())).toBe('DUNNO');
  expect(lines).toEqual(['internal error, the request passes without greylisting: a bug']);
  isBroken = false;
  expect(await handler.answer(raw())).toBe(GREYLISTED);
});
