/**
 * Places of postgrey and greyd on Debian.
 */
import type { ListPlaces } from './greyd-options.ts';

export const POSTGREY = {
  service: 'postgrey',
  defaults: '/etc/default/postgrey',
  dbdir: '/var/lib/postgrey',
  whitelists: '/etc/postgrey',
  /** The whitelists as shipped with its package. */
  pristine: '/usr/share/postgrey',
} as const;

export const GREYD = {
  service: 'greyd',
  program: '/usr/sbin/greyd',
  account: 'greyd',
  dbdir: '/var/lib/greyd',
  whitelists: '/etc/greyd',
  /** Sorts before the override.conf of `systemctl edit`, which therefore takes precedence. */
  dropIn: '/etc/systemd/system/greyd.socket.d/10-postgrey.conf',
} as const;

/** Folder for the copy of greyd's database during a migration; only root may write there. */
export const BACKUPS = '/var/backups';

/** A whitelist of postgrey and that of greyd, each followed by the administrator's own additions. */
export interface ListPair extends ListPlaces {
  /** The whitelist as shipped with the package of postgrey. */
  readonly pristine: string;
}

/** @param folder with postgrey's whitelists */
export function listPairs(folder: string): readonly ListPair[] {
  return (['clients', 'recipients'] as const).map((kind) => ({
    option: `--whitelist-${kind}`,
    ofPostgrey: filesIn(folder, kind),
    ofGreyd: filesIn(GREYD.whitelists, kind),
    pristine: `${POSTGREY.pristine}/whitelist_${kind}`,
  }));
}

function filesIn(folder: string, kind: string): [list: string, local: string] {
  return [`${folder}/whitelist_${kind}`, `${folder}/whitelist_${kind}.local`];
}
