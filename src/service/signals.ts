/**
 * Signals that have no meaning to greyd, but would end it by default (signal(7)): from a log rotation, or a
 * typo. They
 * are ignored. At SIGUSR1 Node.js opens its debugger on 127.0.0.1, through which any local user can run code in the
 * process: it is not opened, or closed at once.
 *
 * Known limits: at a SIGUSR1 in the first milliseconds, before greyd can catch it, the debugger is open for a
 * moment.
 * SIGABRT, SIGSEGV and the like are faults, or come from a watchdog, and end greyd. So do the real-time
 * signals: Node.js cannot catch them.
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

/** Interval and number of checks after the start whether the debugger was opened; in milliseconds. */
const SIGNAL_LOOK_MS = 100;
const LOOKS = 100;

/** @param note called with the name of each signal */
export function ignoreStraySignals(note: (signal: string) => void): void {
  if (isWatched()) return;
  // At a signal before the launcher's first line Node.js opens the debugger some time later.
  let looks = 0;
  const timer = setInterval(() => {
    closeDebugger();
    looks += 1;
    if (looks === LOOKS) clearInterval(timer);
  }, SIGNAL_LOOK_MS).unref();
  closeDebugger();
  for (const signal of STRAY) {
    process.on(signal, () => {
      closeDebugger();
      note(signal);
    });
  }
}

/** A debugger or profiler of a developer keeps the signals of Node.js. */
function isWatched(): boolean {
  return process.execArgv.some((option) => /^--(inspect|cpu-prof|prof\b)/.test(option));
}

function closeDebugger(): void {
  if (url() !== undefined) close();
}
