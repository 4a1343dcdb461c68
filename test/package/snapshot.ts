/**
 * The content of a machine's root folder, as commands of sh(1) print it.
 */

/** Where something may change on a machine whose daemons run. */
const BOOKS =
  '\\( -path /proc -o -path /sys -o -path /dev -o -path /run -o -path /tmp -o -path /var/tmp -o -path /var/log -o -path /var/cache ' +
  '-o -path /var/lib/postgrey -o -path /var/lib/systemd -o -path /var/lib/greyd \\)';
/** All files with mode, owner and content. */
export const FILES =
  `find / -xdev ${BOOKS} -prune -o -printf '%p %y %m %u %g %l\\n' | sort; ` +
  'find /etc /var/backups -type f -print0 | sort -z | xargs -0 sha256sum';
/** And when they were changed. */
export const TIMES = `find / -xdev ${BOOKS} -prune -o -printf '%p %T@\\n' | sort; ls -la --full-time /var/lib/greyd`;

/** Files that are greyd's by their names. */
export const OF_GREYD =
  'find / /run -xdev \\( -path /proc -o -path /sys -o -path /root -o -path /var/log \\) -prune -o ' +
  "-name '*grey[cd]*' -print";
/** The names of all others where packages have theirs, but for folders that were made for greyd's, and what is in those of postgrey. */
export const OF_OTHERS =
  "find /etc /usr /var/backups /var/lib/postgrey /var/spool ! -type d ! -path '*grey[cd]*' | sort; " +
  'sha256sum /etc/default/postgrey /etc/postgrey/* /var/lib/postgrey/*';
