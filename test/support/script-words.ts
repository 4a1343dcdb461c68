/**
 * A program of bin/ is started here by the Node.js that runs the tests, and otherwise as by its first line.
 */
import { readFileSync } from 'node:fs';

const FIRST_LINE = /^#!\/usr\/bin\/env (?:-S )?node(.*)\n/;

/** Returns the words after `node` on the command line: the options of the first line, and the path. */
export function scriptWords(path: string): readonly string[] {
  const [, options] = FIRST_LINE.exec(readFileSync(path, 'utf8')) ?? [];
  if (options === undefined) throw new Error(`${path} does not begin with #!/usr/bin/env node`);
  return [...options.split(' ').filter(Boolean), path];
}
