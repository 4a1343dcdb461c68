/**
 * Draws a bar of a chart.
 *
 * @returns up to `width` times the character for a value from 0 to `max`; at least one for a value above 0
 */
export function bar(value: number, max: number, width: number, character: string): string {
  if (value <= 0 || max <= 0) return '';
  return character.repeat(Math.max(1, Math.round((Math.min(value, max) / max) * width)));
}
