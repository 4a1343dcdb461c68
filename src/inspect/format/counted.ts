/**
 * Returns a number with its noun: `1 record`, `2 records`.
 */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
