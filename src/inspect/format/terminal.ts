/**
 * The terminal that shows the output, and its colours, which only repeat what the text says.
 */
import { styleText } from 'node:util';

export interface Terminal {
  /** Characters in a line. */
  readonly width: number;
  /** NO_COLOR is not set (https://no-color.org). */
  readonly hasColours: boolean;
}

export type Style = 'bold' | 'dim' | 'green' | 'yellow' | 'red' | 'cyan';

/** Puts a style around a text. */
export type Paint = (style: Style, text: string) => string;

export function paintFor(terminal: Terminal | undefined): Paint {
  // Only the Terminal given here decides: FORCE_COLOR and standard output do not.
  return terminal?.hasColours
    ? (style, text) => styleText(style, text, { validateStream: false })
    : (_, text) => text;
}
