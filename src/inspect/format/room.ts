/**
 * Waits until the reader of the output has caught up, so that output does not pile up in memory.
 */
import type { Writable } from 'node:stream';

/** Settles when there is room for more, or the reader is gone. */
export function roomIn(output: Writable): Promise<void> {
  if (!output.writableNeedDrain) return Promise.resolve();
  return new Promise((resolve) => {
    const settle = () => {
      output.off('drain', settle).off('close', settle);
      resolve();
    };
    output.on('drain', settle).on('close', settle);
  });
}
