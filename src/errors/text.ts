/**
 * Anything may be thrown: its text, and an error in its place.
 */

/** Returns what an error says, on one line. */
export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
