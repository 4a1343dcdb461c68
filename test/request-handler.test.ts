/**
 * The handler in the face of trouble. What it answers in good times is in test/daemon/.
 */
import { expect, onTestFinished, test } from 'vitest';
import { showAll } from '../src/log/disclosure.ts';
import { createLogger } from '../src/log/logger.ts';
import { RequestLog } from '../src/log/request-log.ts';
import { DecisionCounters } from '../src/metrics/counters.ts';
import { AttributeReader, type RawRequest } from '../src/policy/attributes.ts';
import { RequestHandler } from '../src/request-handler.ts';
import { openSqliteStore } from '../src/store/sqlite-store.ts';
import { Whitelists } from '../src/whitelist/whitelists.ts';
import { FailingStore } from './store/failing-store.ts';
import { temporaryDirectory } from './support/daemon.ts';
import { type Attributes, requestText } from './support/policy-client.ts';

const GREYLISTED = 'DEFER_IF_PERMIT 4.2.0 later';

function raw(changes: Attributes = {}): RawRequest {
  const reader = new AttributeReader();
  reader.push(Buffer.from(requestText(changes)));
  return reader.next() as RawRequest;
}

/** A handler over a store that fails, and what it logs and counts. */
function setUp(clock = () => 1_700_000_000) {
  const inner = openSqliteStore(temporaryDirectory(), { privacy: false, hash: () => '' });
  onTestFinished(() => inner.close());
  const store = new FailingStore(inner, 'database or disk is full');
  const lines: string[] = [];
  const log = createLogger(
    { format: 'text', level: 'normal' },
    { write: (line) => void lines.push(line), close: async () => {} },
  );
  const counters = new DecisionCounters();
  const handler = new RequestHandler(
    {
      rules: { delay: 300, retryWindow: 86400, maxAge: 86400, autoWhitelistAfter: 5 },
      networkLengths: { ipv4: 24, ipv6: 64 },
      greylistAction: 'DEFER_IF_PERMIT',
      greylistText: 'later',
      greylistHeader: 'X-Greylist: %t',
      hostname: 'mx',
      version: '0',
      allowTestTime: false,
    },
    {
      whitelists: new Whitelists({ clients: [], recipients: [] }),
      store,
      log: new RequestLog(log, showAll),
      counters,
      clock,
    },
  );
  return { handler, store, lines, counters };
}

test('while the store fails mail passes; it is told once, and again when the store works', async () => {
  const { handler, store, lines, counters } = setUp();
  for (let number = 0; number < 3; number += 1) expect(await handler.answer(raw())).toBe('DUNNO');
  expect(lines).toEqual([
    'store failed, mail passes without greylisting until it works again: database or disk is full',
  ]);
  store.isFailing = false;
  expect(await handler.answer(raw())).toBe(GREYLISTED);
  expect(lines.slice(1)).toEqual([
    'store works again, 3 requests passed without greylisting',
    expect.stringMatching(/^action=greylist, reason=new, /),
  ]);
  expect(counters.summary()).toBe('4 requests: 3 let through (store failure), 1 greylist (new)');
});

test('a bug is answered DUNNO and told, and the next request is answered as ever', async () => {
  let isBroken = true;
  const { handler, store, lines } = setUp(() => {
    if (isBroken) throw new Error('a bug');
    return 1_700_000_000;
  });
  store.isFailing = false;
  expect(await handler.answer(raw())).toBe('DUNNO');
  expect(lines).toEqual(['internal error, the request was let through: a bug']);
  isBroken = false;
  expect(await handler.answer(raw())).toBe(GREYLISTED);
});
