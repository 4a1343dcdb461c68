/**
 * How long threads of this process were ready to run and had no processor, because somebody else had
 * it: what an answer took beyond that is greyd's own doing (proc(5), schedstat).
 */
import { readdirSync, readFileSync } from 'node:fs';

const TASKS = '/proc/self/task';

/** The threads that run at this moment. */
export function threads(): string[] {
  return readdirSync(TASKS);
}

/** For how many milliseconds these threads have waited for a processor until now. */
export function waited(ids: readonly string[]): number {
  const nanoseconds = ids.map((id) => Number(readFileSync(`${TASKS}/${id}/schedstat`, 'utf8').split(' ')[1]));
  return nanoseconds.reduce((sum, wait) => sum + wait, 0) / 1e6;
}
