/**
 * A clock that is read once in each turn of the event loop: under load, when reading it for each
 * request would cost the most, many requests share one reading.
 *
 * Known limit: measured times are wrong by up to the length of a turn, a few milliseconds under full load.
 */
export function oncePerTurn(clock: () => number): () => number {
  let now: number | undefined;
  const forget = () => {
    now = undefined;
  };
  return () => {
    if (now === undefined) {
      now = clock();
      setImmediate(forget);
    }
    return now;
  };
}
