/**
 * Signals that mean nothing to greyd, and whose default would be to end it (signal(7)): a log rotation's, a typo. They
 * do nothing. At SIGUSR1 Node.js opens its debugger on 127.0.0.1, through which any local user can run code in the
 * process: it is not opened, or closed at once.
 *
 * Known limits: at a SIGUSR1 that comes in the first milliseconds, before greyd can catch it, the debugger is open for a moment.
 * SIGABRT, SIGSEGV and the like are faults, or a watchdog's last word, and end greyd. The real-time signals do
 * too: Node.js cannot catch them.
 */
import { close, url } from 'node:inspector';

const STRAY = [
  'SIGUSR1',
  'SIGUSR2',
  'SIGALRM',
  'SIGVTALRM',
  'SIGPROF',
  'SIGIO',
  'SIGPWR',
  'SIGSTKFLT',
  'SIGXCPU',
] as const;

/** For so long after the start, and so often, it is looked at whether the debugger was opened; in milliseconds. */
const LOOK_MS = 100;
const LOOKS = 100;

/** @param note is told of each one that comes */
export function ignoreStraySignals(note: (signal: string) => void): void {
  if (isWatched()) return;
  // At a signal that came before the launcher's first line Node.js opens it in its own time.
  let looks = 0;
  const timer = setInterval(() => {
    closeDebugger();
    looks += 1;
    if (looks === LOOKS) clearInterval(timer);
  }, LOOK_MS).unref();
  closeDebugger();
  for (const signal of STRAY) {
    process.on(signal, () => {
      closeDebugger();
      note(signal);
    });
  }
}

/** A developer's debugger and profiler have the signals that Node.js gives them. */
function isWatched(): boolean {
  return process.execArgv.some((option) => /^--(inspect|cpu-prof|prof\b)/.test(option));
}

function closeDebugger(): void {
  if (url() !== undefined) close();
}
