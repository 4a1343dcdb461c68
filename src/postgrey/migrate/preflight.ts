/**
 * Preflight of a migration: checks beforehand everything that can be checked, and changes nothing.
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

/** Places of postgrey's files, if not those of Debian. */
export interface GivenMigration extends GivenPlaces {
  postgreyWhitelists: string;
}

export interface Preflight {
  readonly manager: ServiceManager;
  readonly postgrey: PostgreyInstallation;
  readonly greyd: Service;
  readonly defaults: NewDefaults;
  /** The sockets of postgrey, on which greyd is to listen. */
  readonly sockets: readonly Socket[];
  /** Endpoints on which greyd keeps listening: main.cf may name them already. */
  readonly kept: readonly InetEndpoint[];
  readonly whitelists: readonly WhitelistChange[];
  /** Remarks for the administrator. */
  readonly notes: readonly string[];
}

/** @throws (rejects) if something is missing, with what to do */
export async function runPreflight(given: GivenMigration, manager: ServiceManager): Promise<Preflight> {
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
    ...(isRunning ? [] : ['postgrey is not running; its options and records are taken over all the same']),
    ...postgrey.notes,
    ...defaults.notes,
    ...absent,
    ...whitelists.notes,
  ];
  return { manager, postgrey, greyd, defaults, sockets, kept, whitelists: whitelists.changes, notes };
}

/** Postfix defers mail with a server error while no daemon listens on its policy socket. */
function lossNote(name: string, sockets: readonly Socket[]): string {
  return `greyd will no longer listen on ${name}: change its clients to ${namesOf(sockets)}, see postconf -n`;
}

async function requireGreyd(manager: ServiceManager): Promise<Service> {
  if (!existsSync(GREYD.program)) {
    throw new Error(`${GREYD.program} is missing: install greyd first, see docs/install.md`);
  }
  const greyd = await manager.find(GREYD.service);
  if (manager.hasSocketUnits) await refuseMasked();
  if (greyd !== undefined) return greyd;
  const place = manager.hasSocketUnits
    ? 'greyd.service is not known to systemd'
    : '/etc/init.d/greyd is missing';
  throw new Error(`${place}: install greyd first, see docs/install.md`);
}

/** Refuses a masked unit, which cannot be started, before postgrey is stopped. */
async function refuseMasked(): Promise<void> {
  for (const unit of [`${GREYD.service}.socket`, `${GREYD.service}.service`]) {
    if ((await unitProperty(unit, 'LoadState')) === 'masked')
      throw new Error(`${unit} is masked: systemctl unmask ${unit}`);
  }
}

async function requireBerkeleyDb(): Promise<void> {
  for (const program of ['db_dump', 'db_recover']) {
    if (await isInstalled([program, '-V'])) continue;
    throw new Error(`${program} is not installed, which reads postgrey's records: apt-get install db-util`);
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
    `postgrey runs, but does not listen on ${namesOf(sockets)}, as ${defaults} says: restart it, or give the file with its options by --postgrey-defaults=FILE`,
  );
}

/** Requires the owner of a socket that not all may use: it must be known, and only systemd can set it. */
function requireOwner({ path, owner }: UnixSocket, defaults: string, hasSocketUnits: boolean): void {
  if (!hasSocketUnits) {
    throw new Error(
      `${path}: without systemd the socket would belong to root, and its mode would keep Postfix out; write --socketmode=0666 into ${defaults}, and restrict access by the mode of its folder`,
    );
  }
  if (owner === undefined) {
    throw new Error(`${path}: no such socket now, so its owner is not known: start postgrey first`);
  }
}
