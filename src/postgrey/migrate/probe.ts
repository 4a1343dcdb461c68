/**
 * Probes a daemon on one of its sockets. The client name greyctl-migrate marks these requests in mail.log.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { errorText } from '../../errors/text.ts';
import { ask, policyText } from '../../policy/client.ts';
import type { Socket } from './sockets.ts';

export const CLIENT_NAME = 'greyctl-migrate';

/** A triplet that no mail has: the address is in TEST-NET-1 (RFC 5737). */
export const NOBODY = {
  client_address: '192.0.2.1',
  sender: `${CLIENT_NAME}@localhost`,
  recipient: `${CLIENT_NAME}@localhost`,
} as const;

const ANSWER_LIMIT_MS = 10_000;
const PROBE_PAUSE_MS = 200;

/** Sends a request. @throws (rejects) with the name of the socket if there is no answer */
export async function askOn(
  { name, target }: Socket,
  attributes: Readonly<Record<string, string>>,
): Promise<string> {
  const request = policyText(new Map([['client_name', CLIENT_NAME], ...Object.entries(attributes)]));
  try {
    return await ask(target, request, ANSWER_LIMIT_MS);
  } catch (error) {
    throw new Error(`${name}: ${errorText(error)}`);
  }
}

/**
 * Repeats an attempt until it succeeds.
 * @param limitMs milliseconds after which no further attempt begins
 * @throws (rejects) with the error of the last attempt
 */
export async function persist<Result>(limitMs: number, attempt: () => Promise<Result>): Promise<Result> {
  const over = AbortSignal.timeout(limitMs);
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (over.aborted) throw error;
    }
    await pause(PROBE_PAUSE_MS);
  }
}
