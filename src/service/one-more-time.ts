/**
 * However often something is asked for while it is under way, it is done once more behind that, which sees what all
 * of them were for.
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
