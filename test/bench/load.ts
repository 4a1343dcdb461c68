/**
 * The load generator: a process of its own, so that what it does is not on the account of a program. It
 * gets a LoadOrder as a message and sends a LoadReply back, slice after slice.
 */
import { type LoadOrder, type LoadResult, Slice } from './slice.ts';

/** In the middle of a slice: begin to count now, or end. */
export type LoadSignal = 'count' | 'stop';

export type LoadReply = LoadResult | { readonly error: string };

const signals = new Map<LoadSignal, () => void>();
const signalled = (signal: LoadSignal) => new Promise<void>((resolve) => signals.set(signal, resolve));

process.on('message', async (message: LoadOrder | LoadSignal) => {
  if (typeof message === 'string') {
    signals.get(message)?.();
    return;
  }
  process.send?.(await reply(message));
});

async function reply(order: LoadOrder): Promise<LoadReply> {
  try {
    return await new Slice(order).run(signalled('count'), signalled('stop'));
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}
