/**
 * Log lines of both programs in one form: the lines that other programs read, as the bytes that stood
 * in the request, a character for each.
 *
 *   postgrey, in the foreground:  %C3 for a byte that is not printable ASCII, %% for %
 *   greyd:                        \u001b for a control character, all else as it is
 */
import type { Name } from './program.ts';
import { utf8 } from './request.ts';

const READ_BY_OTHERS =
  /^(?:\S+: )?action=|^whitelisted: |^attribute missing: |^ignoring garbage: |^unrecognized request type: |^correcting date /;

/** The last line about a request. */
const ENDS_REQUEST = /^(?:\S+: )?action=|^attribute missing: |^unrecognized request type: /;

/** The lines that other programs read, in one form. */
export function plainLines(name: Name, lines: readonly string[]): string[] {
  return lines.filter((line) => READ_BY_OTHERS.test(line)).map(UNESCAPE[name]);
}

const UNESCAPE: Readonly<Record<Name, (line: string) => string>> = {
  postgrey: (line) =>
    line.replace(/%(%|[0-9A-F]{2})/g, (_, code: string) =>
      code === '%' ? '%' : String.fromCharCode(Number.parseInt(code, 16)),
    ),
  greyd: (line) =>
    line.replace(/\\u([0-9a-f]{4})/g, (_, code: string) =>
      utf8(String.fromCharCode(Number.parseInt(code, 16))),
    ),
};

/**
 * The lines about each of so many requests. What cannot be told apart (with --quiet, where the last
 * line about a request is left out) is given to the last one.
 */
export function linesByRequest(lines: readonly string[], requests: number): string[][] {
  const byRequest: string[][] = Array.from({ length: requests }, () => []);
  let request = 0;
  for (const line of lines) {
    byRequest[Math.min(request, requests - 1)]?.push(line);
    if (ENDS_REQUEST.test(line)) request += 1;
  }
  return byRequest;
}
