/**
 * The terminal on which output is shown, and colours there. They say nothing that the text does not say.
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
  // What a program prints elsewhere has no colours, whatever it would be shown on.
  return terminal?.hasColours
    ? (style, text) => styleText(style, text, { validateStream: false })
    : (_, text) => text;
}
