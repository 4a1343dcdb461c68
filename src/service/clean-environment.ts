/**
 * The environment of programs that greyctl starts: the search path, and
 * no other variable of the shell that could change what they load or where they write (PERL5LIB, LD_PRELOAD,
 * DB_HOME, TMPDIR).
 */

/** The system's programs; the path of an unprivileged account often lacks some of these directories. */
const SYSTEM_FOLDERS = '/usr/sbin:/usr/bin:/sbin:/bin';

/** @param alsoInSystem whether to search the system's directories that are not on the path of this process */
export function cleanEnvironment({ alsoInSystem = false } = {}): Record<string, string> {
  const path = process.env.PATH ?? SYSTEM_FOLDERS;
  return { PATH: alsoInSystem ? `${path}:${SYSTEM_FOLDERS}` : path, LC_ALL: 'C' };
}
