/**
 * Runs something again after the current run, once for all calls that came in the meantime, so that it sees the
 * reason of each of them.
 */
export function oneMoreTime(run: () => Promise<void>): () => Promise<void> {
  let isUnderWay = false;
  let isWanted = false;
  return async () => {
    isWanted = true;
    if (isUnderWay) return;
    isUnderWay = true;
    while (isWanted) {
      isWanted = false;
      await run();
    }
    isUnderWay = false;
  };
}
