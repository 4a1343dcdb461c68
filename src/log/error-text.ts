/**
 * The text of an error, on one line.
 */

export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
