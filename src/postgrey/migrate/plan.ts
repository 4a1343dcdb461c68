/**
 * Plans a migration, step by step. No daemon answers only between the stop of postgrey and the start of greyd: long
 * steps come before, while postgrey answers, or after.
 *
 * Known limit: with --privacy postgrey has digests, which cannot be merged with plain records of greyd, so its
 * records are imported only once greyd runs with that option.
 */
import { errorText } from '../../errors/text.ts';
import { DEFAULTS_FILE } from '../../options/defaults-file.ts';
import { ChangedFile } from './changed-file.ts';
import { checkGreyd } from './check-greyd.ts';
import { DatabaseCopy } from './database-copy.ts';
import { GREYD } from './places.ts';
import type { Preflight } from './preflight.ts';
import { type Argv, type RunSettings, succeed } from './programs.ts';
import type { Service } from './service.ts';
import { socketDropIn } from './socket-unit.ts';
import { inetOf, namesOf, unixOf } from './sockets.ts';
import type { MigrationStep } from './steps.ts';
import { reloadUnits } from './systemd.ts';

/** Time that greyd may take to start: mail waits meanwhile. */
const START_LIMIT_MS = 30_000;

/** Everything that the steps need. */
export interface Materials extends Preflight {
  readonly greyctl: Argv;
  /** The progress of long steps is shown. */
  readonly showsProgress: boolean;
}

export interface Plan {
  readonly steps: readonly MigrationStep[];
  /** Removes the copy of the database after a success. */
  readonly finish: () => void;
}

export function makePlan(found: Materials): Plan {
  const { defaults, postgrey, manager, greyd, whitelists, greyctl } = found;
  const copy = new DatabaseCopy(defaults.options.dbdir, greyctl);
  const hasPrivacy = defaults.options.privacy;
  const running = postgrey.service?.wasActive ? postgrey.service : undefined;
  const before = running === undefined ? '' : ', while postgrey runs';
  const after = hasPrivacy
    ? ', now that greyd runs with --privacy'
    : ' once more, for those of the last minutes';
  const steps = [
    keepDatabase(copy, greyd),
    ...(hasPrivacy ? [] : [takeOverStep(found, before)]),
    writeStep(DEFAULTS_FILE, defaults.text, `write ${DEFAULTS_FILE}: ${defaults.summary}`),
    ...whitelists.map(({ path, text, count }) =>
      writeStep(path, text, `add ${entriesText(count)} to ${path}`),
    ),
    { text: 'stop greyd', apply: () => nothingToSay(greyd.stop()) },
    ...(manager.hasSocketUnits ? [dropInStep(found)] : []),
    ...(running === undefined ? [] : [stopPostgrey(running)]),
    startGreyd(found),
    checkStep(found),
    ...(hasPrivacy || running !== undefined ? [takeOverStep(found, after)] : []),
    bootStep(greyd, postgrey.service),
  ];
  return { steps, finish: () => copy.remove() };
}

function keepDatabase(copy: DatabaseCopy, greyd: Service): MigrationStep {
  return {
    text: "copy greyd's database, for a rollback",
    async apply() {
      const path = await copy.make();
      return [path ?? 'there is no database yet'];
    },
    rollback: {
      text: 'greyd and its database restored',
      async apply() {
        if (!copy.isMade) return;
        await greyd.stop();
        try {
          await copy.putBack();
        } finally {
          await greyd.restoreActivity();
        }
      },
    },
  };
}

function takeOverStep(
  { postgrey, defaults, greyctl, showsProgress }: Materials,
  when: string,
): MigrationStep {
  // /etc/default/greyd may not have these options yet.
  const { lookupByHost, networkLengths } = defaults.options;
  const lookup = lookupByHost
    ? ['--lookup-by-host']
    : [`--ipv4cidr=${networkLengths.ipv4}`, `--ipv6cidr=${networkLengths.ipv6}`];
  const command = [...greyctl, 'import', ...lookup, postgrey.dbdir] as const;
  return {
    text: `import the records in ${postgrey.dbdir}${when}`,
    apply: (signal) => takeOver(command, { signal, showsErrors: showsProgress }),
  };
}

function writeStep(path: string, content: string, text: string): MigrationStep {
  const file = new ChangedFile(path);
  return {
    text,
    apply: async () => {
      file.write(content);
      return [];
    },
    rollback: { text: `${path} restored`, apply: async () => file.restore() },
  };
}

/** Has systemd open the sockets, from the next start of greyd on. */
function dropInStep({ sockets, kept }: Materials): MigrationStep {
  const file = new ChangedFile(GREYD.dropIn);
  return {
    text: `write ${GREYD.dropIn}: ${namesOf(sockets)}`,
    async apply() {
      file.write(socketDropIn([...inetOf(sockets), ...kept], unixOf(sockets)));
      await reloadUnits();
      return [];
    },
    rollback: {
      text: `${GREYD.dropIn} restored`,
      async apply() {
        file.restore();
        await reloadUnits();
      },
    },
  };
}

function stopPostgrey(service: Service): MigrationStep {
  return {
    text: 'stop postgrey',
    apply: () => nothingToSay(service.stop()),
    rollback: { text: 'postgrey started again', apply: () => service.restoreActivity() },
  };
}

function startGreyd({ greyd, sockets, manager }: Materials): MigrationStep {
  return {
    text: `start greyd on ${namesOf(sockets)}`,
    async apply(interrupted) {
      const late = AbortSignal.timeout(START_LIMIT_MS);
      try {
        return await nothingToSay(greyd.start(AbortSignal.any([interrupted, late])));
      } catch (error) {
        throw new Error(`${errorText(error)}; for the reason: ${manager.logCommand(GREYD.service)}`);
      }
    },
    rollback: { text: 'greyd stopped', apply: () => greyd.stop() },
  };
}

function checkStep({ sockets, defaults, greyctl }: Materials): MigrationStep {
  const { greylistAction, privacy: hasPrivacy } = defaults.options;
  return {
    text: `probe greyd there, with ${hasPrivacy ? 'a new mail' : 'a new mail and one that has passed before'}`,
    apply: () => checkGreyd({ sockets, greylistAction, hasPrivacy, greyctl }),
  };
}

function bootStep(greyd: Service, postgrey: Service | undefined): MigrationStep {
  return {
    text: postgrey === undefined ? 'start greyd at boot' : 'start greyd at boot in place of postgrey',
    async apply() {
      await postgrey?.setEnabled(false);
      await greyd.setEnabled(true);
      return [];
    },
    rollback: {
      text: 'services started at boot restored',
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

function entriesText(count: number): string {
  return count === 1 ? '1 entry' : `${count} entries`;
}

/** @returns the summary of the import, a line for each kind of records */
async function takeOver(command: Argv, settings: RunSettings): Promise<string[]> {
  const text = await succeed(command, settings);
  return text.trim().split('\n').filter(Boolean);
}
