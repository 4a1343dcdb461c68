/**
 * What a machine has in its root folder, as commands of sh(1) print it.
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
