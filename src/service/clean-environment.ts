/**
 * The environment of programs that greyctl starts beside its own: the folders in which they are looked for, and
 * nothing else that a shell has set, which could change what they load or where they write (PERL5LIB, LD_PRELOAD,
 * DB_HOME, TMPDIR).
 */

/** Where the system has its programs; an account without rights often looks in some of them alone. */
const SYSTEM_FOLDERS = '/usr/sbin:/usr/bin:/sbin:/bin';

/** @param alsoInSystem whether folders of the system count that are not on the path of this process */
export function cleanEnvironment({ alsoInSystem = false } = {}): Record<string, string> {
  const path = process.env.PATH ?? SYSTEM_FOLDERS;
  return { PATH: alsoInSystem ? `${path}:${SYSTEM_FOLDERS}` : path, LC_ALL: 'C' };
}
