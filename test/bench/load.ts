/**
 * The load generator: a process of its own, so that what it does is not on the account of a program. It
 * gets a LoadOrder as a message and sends a LoadResult back, slice after slice.
 */
import { type LoadOrder, Slice } from './slice.ts';

let stop: () => void = () => {};

process.on('message', async (message: LoadOrder | 'stop') => {
  if (message === 'stop') {
    stop();
    return;
  }
  const stopped = new Promise<void>((resolve) => {
    stop = resolve;
  });
  process.send?.(await new Slice(message).run(stopped));
});
