/** Unix seconds as `2026-11-26T05:00:00Z`. */
export function utc(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');
}
