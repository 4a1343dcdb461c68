/**
 * Many clients at once that do not do what a client should, and the one line that the log has about them.
 */
import { expect } from 'vitest';
import type { Daemon } from './daemon.ts';
import { type PolicyClient, requestText } from './policy-client.ts';

/** All of a request but the empty line that ends it. */
export const HALF = requestText({ sender: 'half@example.net' }).slice(0, -1);
/** With --request-timeout=2. */
export const TIMED_OUT =
  /^closing connections that do not finish a request or read an answer within 2 s \(--request-timeout\)$/m;

/** Waits until greyd has logged a line, and sees that there is one only. */
export async function toldOnce(daemon: Daemon, line: RegExp): Promise<void> {
  await daemon.logged(line);
  expect(daemon.logLines.filter((one) => line.test(one))).toHaveLength(1);
}

/** Opens connections, a bounded number at a time. */
export async function connectMany(daemon: Daemon, count: number): Promise<PolicyClient[]> {
  const clients: PolicyClient[] = [];
  while (clients.length < count) {
    const next = Math.min(250, count - clients.length);
    clients.push(...(await Promise.all(Array.from({ length: next }, () => daemon.connect()))));
  }
  return clients;
}
