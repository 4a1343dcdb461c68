/**
 * What there is to migrate: everything that can be looked at beforehand is looked at here, and nothing changed.
 */
import { existsSync } from 'node:fs';
import type { InetEndpoint } from '../../server/endpoint.ts';
import { formerListeners } from './listeners.ts';
import { type NewDefaults, newDefaults } from './new-defaults.ts';
import { GREYD, listPairs } from './places.ts';
import { findPostgrey, type GivenPlaces, type PostgreyInstallation } from './postgrey-installation.ts';
import { isInstalled } from './programs.ts';
import type { Service, ServiceManager } from './service.ts';
import type { UnixSocket } from './socket-unit.ts';
import { isForAll, isListening, namesOf, type Socket, socketsOf, unixOf } from './sockets.ts';
import { unitProperty } from './systemd.ts';
import { requireReadable, type WhitelistChange, whitelistChanges } from './whitelist-files.ts';

/** Where everything is, if not where Debian has it. */
export interface GivenMigration extends GivenPlaces {
  postgreyWhitelists: string;
}

export interface Findings {
  readonly manager: ServiceManager;
  readonly postgrey: PostgreyInstallation;
  readonly greyd: Service;
  readonly defaults: NewDefaults;
  /** Where postgrey was asked, and greyd is to be. */
  readonly sockets: readonly Socket[];
  /** Where greyd was asked before, and goes on to be: main.cf may name that already. */
  readonly kept: readonly InetEndpoint[];
  readonly whitelists: readonly WhitelistChange[];
  /** What the administrator should know. */
  readonly notes: readonly string[];
}

/** @throws (rejects) with what is missing, and what to do */
export async function findEverything(given: GivenMigration, manager: ServiceManager): Promise<Findings> {
  const greyd = await requireGreyd(manager);
  const postgrey = await findPostgrey(given, manager);
  await requireBerkeleyDb();
  const lists = listPairs(given.postgreyWhitelists);
  const defaults = newDefaults(postgrey, lists, manager.hasSocketUnits);
  const sockets = await socketsOf(defaults.options.endpoints);
  await requireSockets(sockets, postgrey, manager);
  const absent = await requireReadable(postgrey.options, lists, manager.hasSocketUnits);
  const whitelists = await whitelistChanges(postgrey.options, lists);
  const { kept, lost } = await formerListeners(manager, greyd, defaults.before, sockets);
  const isRunning = postgrey.service?.wasActive === true;
  const notes = [
    ...lost.map((name) => lossNote(name, sockets)),
    ...(isRunning ? [] : ['postgrey does not run; what it has is taken over all the same']),
    ...postgrey.notes,
    ...defaults.notes,
    ...absent,
    ...whitelists.notes,
  ];
  return { manager, postgrey, greyd, defaults, sockets, kept, whitelists: whitelists.changes, notes };
}

/** Postfix refuses mail while nobody listens. */
function lossNote(name: string, sockets: readonly Socket[]): string {
  return `greyd serves on ${name} now, and will not any more: what asks it there is to ask on ${namesOf(sockets)}; see postconf -n`;
}

async function requireGreyd(manager: ServiceManager): Promise<Service> {
  if (!existsSync(GREYD.program)) {
    throw new Error(`there is no ${GREYD.program}: install greyd first, see README.md`);
  }
  const greyd = await manager.find(GREYD.service);
  if (manager.hasSocketUnits) await refuseMasked();
  if (greyd !== undefined) return greyd;
  const place = manager.hasSocketUnits
    ? 'greyd.service is not known to systemd'
    : 'there is no /etc/init.d/greyd';
  throw new Error(`${place}: install greyd first, see README.md`);
}

/** Nobody can start it then, which is not to be found out when postgrey is stopped. */
async function refuseMasked(): Promise<void> {
  for (const unit of [`${GREYD.service}.socket`, `${GREYD.service}.service`]) {
    if ((await unitProperty(unit, 'LoadState')) === 'masked')
      throw new Error(`${unit} is masked: systemctl unmask ${unit}`);
  }
}

async function requireBerkeleyDb(): Promise<void> {
  for (const program of ['db_dump', 'db_recover']) {
    if (await isInstalled([program, '-V'])) continue;
    throw new Error(
      `${program} is not installed, by which postgrey's records are read: apt-get install db-util`,
    );
  }
}

async function requireSockets(
  sockets: readonly Socket[],
  { service, defaults }: PostgreyInstallation,
  { hasSocketUnits }: ServiceManager,
): Promise<void> {
  const unix = unixOf(sockets);
  if (unix !== undefined && !isForAll(unix.mode)) requireOwner(unix, defaults, hasSocketUnits);
  if (service?.wasActive !== true) return;
  const answers = await Promise.all(sockets.map(isListening));
  if (answers.some(Boolean)) return;
  throw new Error(
    `postgrey runs, but does not listen on ${namesOf(sockets)}, as ${defaults} has it: restart it, or name the file with its options by --postgrey-defaults=FILE`,
  );
}

/** The owner of a socket that not everybody may use must be known, and only systemd gives one its owner. */
function requireOwner({ path, owner }: UnixSocket, defaults: string, hasSocketUnits: boolean): void {
  if (!hasSocketUnits) {
    throw new Error(
      `${path}: without systemd the socket would be root's, and Postfix kept out by its mode; write --socketmode=0666 into ${defaults}, and let the mode of its folder say who may connect`,
    );
  }
  if (owner === undefined) {
    throw new Error(
      `${path}: there is no such socket now, so that nobody knows whose greyd's is to be: start postgrey first`,
    );
  }
}
