/**
 * What a migration does, step by step. Mail is without an answer only from the stop of postgrey to the start of
 * greyd behind it: what takes long comes before, while postgrey answers, or after.
 *
 * Known limit: with --privacy what greyd has stored in plain and what postgrey has stored as digests do not go
 * together, so that its records are taken over only when greyd runs with that option.
 */
import { existsSync } from 'node:fs';
import { errorText } from '../../log/error-text.ts';
import { DEFAULTS_FILE } from '../defaults-file.ts';
import { ChangedFile } from './changed-file.ts';
import { checkGreyd, takeOver } from './check.ts';
import { DatabaseCopy } from './database-copy.ts';
import { type NewDefaults, newDefaults } from './new-defaults.ts';
import { GREYD, listPairs } from './places.ts';
import { findPostgrey, type GivenPlaces, type PostgreyInstallation } from './postgrey-installation.ts';
import { isInstalled } from './programs.ts';
import type { Service, ServiceManager } from './service.ts';
import { socketDropIn } from './socket-unit.ts';
import { inetOf, isListening, type Socket, socketsOf, unixOf } from './sockets.ts';
import type { Step } from './steps.ts';
import { reloadUnits } from './systemd.ts';
import { requireReadable, type WhitelistChange, whitelistChanges } from './whitelist-files.ts';

/** How long greyd may take to start: mail waits meanwhile. */
const START_LIMIT_MS = 30_000;

/** Where everything is, if not where Debian has it. */
export interface GivenMigration extends GivenPlaces {
  postgreyWhitelists: string;
}

export interface Plan {
  readonly postgrey: PostgreyInstallation;
  readonly sockets: readonly Socket[];
  readonly steps: readonly Step[];
  /** What the administrator should know. */
  readonly notes: readonly string[];
  /** Removes what is of no use once all is done. */
  readonly finish: () => void;
}

/** All that the steps are made of. */
interface Found {
  readonly manager: ServiceManager;
  readonly postgrey: PostgreyInstallation;
  readonly greyd: Service;
  readonly defaults: NewDefaults;
  readonly sockets: readonly Socket[];
  readonly whitelists: readonly WhitelistChange[];
  readonly greyctl: readonly [string, ...string[]];
  readonly showsProgress: boolean;
}

/**
 * Looks at everything that can be looked at beforehand; changes nothing.
 * @throws (rejects) with what is missing, and what to do
 */
export async function makePlan(
  given: GivenMigration,
  manager: ServiceManager,
  surroundings: Pick<Found, 'greyctl' | 'showsProgress'>,
): Promise<Plan> {
  const greyd = await requireGreyd(manager);
  const postgrey = await findPostgrey(given, manager);
  await requireBerkeleyDb();
  const lists = listPairs(given.postgreyWhitelists);
  const defaults = newDefaults(postgrey, lists, manager.hasSocketUnits);
  const sockets = await socketsOf(defaults.options.endpoints);
  await requireSockets(sockets, postgrey, manager);
  const unreadable = await requireReadable(postgrey.options, lists, manager.hasSocketUnits);
  const whitelists = await whitelistChanges(postgrey.options, lists);
  const found: Found = {
    manager,
    postgrey,
    greyd,
    defaults,
    sockets,
    ...surroundings,
    whitelists: whitelists.changes,
  };
  const copy = new DatabaseCopy(defaults.options.dbdir, surroundings.greyctl);
  const isRunning = postgrey.service?.wasActive === true;
  return {
    postgrey,
    sockets,
    steps: stepsOf(found, copy),
    notes: [
      ...(isRunning ? [] : ['postgrey does not run; what it has is taken over all the same']),
      ...postgrey.notes,
      ...defaults.notes,
      ...unreadable,
      ...whitelists.notes,
    ],
    finish: () => copy.remove(),
  };
}

async function requireGreyd(manager: ServiceManager): Promise<Service> {
  if (!existsSync(GREYD.program)) {
    throw new Error(`there is no ${GREYD.program}: install greyd first, see README.md`);
  }
  const greyd = await manager.find(GREYD.service);
  if (greyd !== undefined) return greyd;
  const place = manager.hasSocketUnits
    ? 'greyd.service is not known to systemd'
    : 'there is no /etc/init.d/greyd';
  throw new Error(`${place}: install greyd first, see README.md`);
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
  if (unix?.owner !== undefined && !hasSocketUnits) {
    throw new Error(
      `${unix.path}: without systemd the socket would be root's, and Postfix kept out by its mode; write --socketmode=0666 into ${defaults}, and let the mode of its folder say who may connect`,
    );
  }
  if (service?.wasActive !== true) return;
  const answers = await Promise.all(sockets.map(isListening));
  if (answers.some(Boolean)) return;
  const names = sockets.map(({ name }) => name).join(', ');
  throw new Error(
    `postgrey runs, but does not listen on ${names}, as ${defaults} has it: restart it, or name the file with its options by --postgrey-defaults=FILE`,
  );
}

function stepsOf(found: Found, copy: DatabaseCopy): Step[] {
  const { defaults, postgrey, manager, greyd, whitelists } = found;
  const hasPrivacy = defaults.options.privacy;
  return [
    keepDatabase(copy, greyd),
    ...(hasPrivacy ? [] : [takeOverStep(found, 'while it goes on')]),
    writeStep(DEFAULTS_FILE, defaults.text, `write ${DEFAULTS_FILE}: ${defaults.summary}`),
    ...whitelists.map(({ path, text, count }) =>
      writeStep(path, text, `add ${entriesText(count)} to ${path}`),
    ),
    { text: 'stop greyd', apply: () => nothingToSay(greyd.stop()) },
    ...(manager.hasSocketUnits ? [dropInStep(found)] : []),
    ...(postgrey.service === undefined ? [] : [stopPostgrey(postgrey.service)]),
    startGreyd(found),
    checkStep(found),
    takeOverStep(found, hasPrivacy ? 'now that greyd has --privacy' : 'those of the last minutes'),
    bootStep(greyd, postgrey.service),
  ];
}

function keepDatabase(copy: DatabaseCopy, greyd: Service): Step {
  return {
    text: "keep a copy of greyd's database",
    async apply() {
      const path = await copy.make();
      return [path ?? 'there is none yet'];
    },
    undo: {
      text: 'greyd and its database are as they were',
      async apply() {
        if (!copy.isMade) return;
        await greyd.stop();
        copy.putBack();
        await greyd.restoreActivity();
      },
    },
  };
}

function takeOverStep({ postgrey, greyctl, showsProgress }: Found, when: string): Step {
  return {
    text: `take over the records in ${postgrey.dbdir}, ${when}`,
    apply: (signal) => takeOver(postgrey.dbdir, greyctl, { signal, showsErrors: showsProgress }),
  };
}

function writeStep(path: string, content: string, text: string): Step {
  const file = new ChangedFile(path);
  return {
    text,
    apply: async () => {
      file.write(content);
      return [];
    },
    undo: { text: `${path} is as it was`, apply: async () => file.restore() },
  };
}

/** The sockets are opened by systemd from the next start of greyd on. */
function dropInStep({ sockets }: Found): Step {
  const file = new ChangedFile(GREYD.dropIn);
  return {
    text: `write ${GREYD.dropIn}: ${namesOf(sockets)}`,
    async apply() {
      file.write(socketDropIn(inetOf(sockets), unixOf(sockets)));
      await reloadUnits();
      return [];
    },
    undo: {
      text: `${GREYD.dropIn} is as it was`,
      async apply() {
        file.restore();
        await reloadUnits();
      },
    },
  };
}

function stopPostgrey(service: Service): Step {
  return {
    text: service.wasActive ? 'stop postgrey' : 'stop postgrey, should it run by now',
    apply: () => nothingToSay(service.stop()),
    undo: {
      text: service.wasActive ? 'postgrey is started again' : 'postgrey stays off',
      apply: () => service.restoreActivity(),
    },
  };
}

function startGreyd({ greyd, sockets, manager }: Found): Step {
  return {
    text: `start greyd on ${namesOf(sockets)}`,
    async apply(interrupted) {
      const late = AbortSignal.timeout(START_LIMIT_MS);
      try {
        return await nothingToSay(greyd.start(AbortSignal.any([interrupted, late])));
      } catch (error) {
        throw new Error(`${errorText(error)}; greyd says why: ${manager.logCommand(GREYD.service)}`);
      }
    },
    undo: { text: 'greyd is stopped', apply: () => greyd.stop() },
  };
}

function checkStep({ sockets, defaults, greyctl }: Found): Step {
  const { greylistAction, privacy: hasPrivacy } = defaults.options;
  return {
    text: `ask greyd there, ${hasPrivacy ? 'about a new mail' : 'about a new mail and one that has passed before'}`,
    apply: () => checkGreyd({ sockets, greylistAction, hasPrivacy, greyctl }),
  };
}

function bootStep(greyd: Service, postgrey: Service | undefined): Step {
  return {
    text:
      postgrey === undefined
        ? 'have greyd started at boot'
        : 'have greyd started at boot in the place of postgrey',
    async apply() {
      await postgrey?.setEnabled(false);
      await greyd.setEnabled(true);
      return [];
    },
    undo: {
      text: 'what is started at boot is as it was',
      async apply() {
        await postgrey?.restoreEnablement();
        await greyd.restoreEnablement();
      },
    },
  };
}

async function nothingToSay(done: Promise<void>): Promise<readonly string[]> {
  await done;
  return [];
}

function namesOf(sockets: readonly Socket[]): string {
  return sockets.map(({ name }) => name).join(', ');
}

function entriesText(count: number): string {
  return count === 1 ? '1 entry' : `${count} entries`;
}
