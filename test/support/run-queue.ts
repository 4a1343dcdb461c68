/**
 * How long threads were ready to run and had no processor, because somebody else had it: what an answer
 * took beyond that is greyd's own doing (proc(5), schedstat).
 *
 * Known limit: time in which two threads waited at once is counted twice.
 */
import { readdirSync, readFileSync } from 'node:fs';

/** The threads that a process has at this moment. */
export function threads(pid = process.pid): string[] {
  const tasks = `/proc/${pid}/task`;
  return readdirSync(tasks).map((id) => `${tasks}/${id}`);
}

/** The thread with which a process began. */
export function mainThread(pid = process.pid): string {
  return `/proc/${pid}/task/${pid}`;
}

/** For how many milliseconds these threads have waited for a processor until now. */
export function waited(of: readonly string[]): number {
  const nanoseconds = of.map((thread) => Number(readFileSync(`${thread}/schedstat`, 'utf8').split(' ')[1]));
  return nanoseconds.reduce((sum, wait) => sum + wait, 0) / 1e6;
}
