/**
 * Where the words are by which client names are understood: in /etc/greyd, or without that beside the program; and the
 * administrator's own additions.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';

const INSTALLED = '/etc/greyd/client_names';

/** @param program the folder of package.json */
export function nameWordFiles(program: string): string[] {
  const shipped = existsSync(INSTALLED) ? INSTALLED : join(program, 'etc/greyd/client_names');
  return [shipped, `${INSTALLED}.local`];
}
