/**
 * The load generator against servers whose answers and times are known.
 */
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { TRAFFIC } from './plan.ts';
import { type LoadOrder, Slice } from './slice.ts';
import { RECENT_TRIPLETS } from './traffic.ts';

/** A policy server that answers each request by `answer`, after it has settled. */
async function serve(answer: (request: string) => Promise<string>): Promise<number> {
  const server = createServer((socket) => {
    socket.setEncoding('latin1').on('data', async (request: string) => {
      socket.write(`action=${await answer(request)}\n\n`);
    });
    socket.on('error', () => {});
  });
  server.listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

const never = new Promise(() => {});

function load(port: number, changes: Partial<LoadOrder> = {}) {
  return new Slice({
    port,
    connections: 4,
    mixture: TRAFFIC.new,
    triplets: RECENT_TRIPLETS,
    start: { new: 1_000_000, known: 0 },
    warmUpSeconds: 0.1,
    seconds: 0.3,
    requestsPerSecond: undefined,
    checksAnswers: true,
    ...changes,
  }).run(never, never);
}

test('answers are counted, and those that are wrong are told', async () => {
  const port = await serve(async () => 'DUNNO');
  const result = await load(port);
  expect(result.answers).toBeGreaterThan(0);
  const [what = '', ...others] = Object.keys(result.wrong);
  expect([what, others]).toEqual(['new: action=DUNNO', []]);
  expect(result.wrong[what]).toBeGreaterThanOrEqual(result.answers);
  expect((await load(port, { mixture: TRAFFIC.recent })).wrong).toEqual({});
  expect((await load(port, { checksAnswers: false })).wrong).toEqual({});
});

test('in the open loop a standstill counts for all who were due in it', async () => {
  let begin = 0;
  const standstill = { fromMs: 150, untilMs: 350 };
  const port = await serve(async () => {
    begin ||= performance.now();
    const at = performance.now() - begin;
    if (at > standstill.fromMs && at < standstill.untilMs) {
      await new Promise((resolve) => setTimeout(resolve, standstill.untilMs - at));
    }
    return 'DEFER_IF_PERMIT later';
  });
  const { answers, latency, wrong } = await load(port, {
    warmUpSeconds: 0,
    seconds: 0.5,
    requestsPerSecond: 200,
  });
  expect(wrong).toEqual({});
  // All that were due are answered and counted.
  expect(answers).toBeGreaterThan(90);
  // Whoever was due in its middle has waited for half of it: with four connections a closed loop shows four such.
  expect(latency.worst).toBeGreaterThan(150);
  expect(latency.p50).toBeLessThan(latency.worst);
});
