/**
 * Loaded into a program by NODE_OPTIONS=--import=..., this has it tell on stderr, at its end, how much
 * memory it had resident at most: `VmHWM:   81234 kB`, see proc_pid_status(5).
 */
import { readFileSync } from 'node:fs';

process.on('exit', () => {
  const [line] = /^VmHWM:.*$/m.exec(readFileSync('/proc/self/status', 'utf8'));
  process.stderr.write(`${line}\n`);
});
