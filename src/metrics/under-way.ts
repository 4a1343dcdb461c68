/**
 * However many ask at once, one run is under way, and its outcome is for all of them.
 */
export function oneUnderWay<Outcome>(run: () => Promise<Outcome>): () => Promise<Outcome> {
  let underWay: Promise<Outcome> | undefined;
  return () => {
    underWay ??= run().finally(() => {
      underWay = undefined;
    });
    return underWay;
  };
}
