/**
 * Where Debian has postgrey, and what belongs to greyd.
 */
import type { ListPlaces } from './greyd-options.ts';

export const POSTGREY = {
  service: 'postgrey',
  defaults: '/etc/default/postgrey',
  dbdir: '/var/lib/postgrey',
  whitelists: '/etc/postgrey',
  /** Its whitelists as they came with the package. */
  pristine: '/usr/share/postgrey',
} as const;

export const GREYD = {
  service: 'greyd',
  program: '/usr/sbin/greyd',
  account: 'greyd',
  dbdir: '/var/lib/greyd',
  whitelists: '/etc/greyd',
  /** Before the override.conf of `systemctl edit`, so that this counts. */
  dropIn: '/etc/systemd/system/greyd.socket.d/10-postgrey.conf',
} as const;

/** Where a copy of greyd's database is kept meanwhile; only root may write there. */
export const BACKUPS = '/var/backups';

/** A list of postgrey and that of greyd, each with the administrator's own additions behind it. */
export interface ListPair extends ListPlaces {
  /** As it came with the package of postgrey. */
  readonly pristine: string;
}

/** @param folder of postgrey's whitelists */
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
