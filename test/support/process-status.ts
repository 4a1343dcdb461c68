/**
 * The state of a running process, as Linux shows it.
 */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

export const MEGABYTE = 1024 * 1024;

/** Resident memory in bytes: VmRSS now, VmHWM the most there ever was. */
export function memoryOf(pid: number, field: 'VmRSS' | 'VmHWM' = 'VmRSS'): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const [, kilobytes] = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status) ?? [];
  if (kilobytes === undefined) throw new Error(`no ${field} of process ${pid}`);
  return Number(kilobytes) * 1024;
}

/** The unit of times in /proc, in seconds: USER_HZ, which is 100 wherever Node.js runs. */
const TICK = 0.01;

/** Time of processors that all its threads have used until now, in seconds. */
export function processorTimeOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
  // utime and stime, the 14th and 15th of proc(5); the name has taken two away.
  return (Number(fields[11]) + Number(fields[12])) * TICK;
}

/** Sockets that it has open, listening ones too. */
export function socketsOf(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).filter((fd) => isSocket(`/proc/${pid}/fd/${fd}`)).length;
}

function isSocket(path: string): boolean {
  try {
    return readlinkSync(path).startsWith('socket:');
  } catch {
    // It was closed in the meantime.
    return false;
  }
}
