/**
 * What a migration does, step by step. Mail is without an answer only from the stop of postgrey to the start of
 * greyd behind it: what takes long comes before, while postgrey answers, or after.
 *
 * Known limit: with --privacy what greyd has stored in plain and what postgrey has stored as digests do not go
 * together, so that its records are taken over only when greyd runs with that option.
 */
import { errorText } from '../../log/error-text.ts';
import { DEFAULTS_FILE } from '../defaults-file.ts';
import { ChangedFile } from './changed-file.ts';
import { checkGreyd } from './check-greyd.ts';
import { DatabaseCopy } from './database-copy.ts';
import type { Findings } from './findings.ts';
import { GREYD } from './places.ts';
import { type CommandLine, type RunSettings, succeed } from './programs.ts';
import type { Service } from './service.ts';
import { socketDropIn } from './socket-unit.ts';
import { inetOf, namesOf, unixOf } from './sockets.ts';
import type { Step } from './steps.ts';
import { reloadUnits } from './systemd.ts';

/** How long greyd may take to start: mail waits meanwhile. */
const START_LIMIT_MS = 30_000;

/** All that the steps are made of. */
export interface Materials extends Findings {
  readonly greyctl: CommandLine;
  /** Whether somebody watches how far long work has come. */
  readonly showsProgress: boolean;
}

export interface Plan {
  readonly steps: readonly Step[];
  /** Removes what is of no use once all is done. */
  readonly finish: () => void;
}

export function makePlan(found: Materials): Plan {
  const { defaults, postgrey, manager, greyd, whitelists, greyctl } = found;
  const copy = new DatabaseCopy(defaults.options.dbdir, greyctl);
  const hasPrivacy = defaults.options.privacy;
  const running = postgrey.service?.wasActive ? postgrey.service : undefined;
  const before = running === undefined ? '' : ', while it goes on';
  const after = hasPrivacy ? ', now that greyd has --privacy' : ', those of the last minutes';
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
        try {
          await copy.putBack();
        } finally {
          await greyd.restoreActivity();
        }
      },
    },
  };
}

function takeOverStep({ postgrey, defaults, greyctl, showsProgress }: Materials, when: string): Step {
  // /etc/default/greyd may not have them yet.
  const { lookupByHost, networkLengths } = defaults.options;
  const lookup = lookupByHost
    ? ['--lookup-by-host']
    : [`--ipv4cidr=${networkLengths.ipv4}`, `--ipv6cidr=${networkLengths.ipv6}`];
  const command = [...greyctl, 'import', ...lookup, postgrey.dbdir] as const;
  return {
    text: `take over the records in ${postgrey.dbdir}${when}`,
    apply: (signal) => takeOver(command, { signal, showsErrors: showsProgress }),
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
function dropInStep({ sockets, kept }: Materials): Step {
  const file = new ChangedFile(GREYD.dropIn);
  return {
    text: `write ${GREYD.dropIn}: ${namesOf(sockets)}`,
    async apply() {
      file.write(socketDropIn([...inetOf(sockets), ...kept], unixOf(sockets)));
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
    text: 'stop postgrey',
    apply: () => nothingToSay(service.stop()),
    undo: { text: 'postgrey is started again', apply: () => service.restoreActivity() },
  };
}

function startGreyd({ greyd, sockets, manager }: Materials): Step {
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

function checkStep({ sockets, defaults, greyctl }: Materials): Step {
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

function entriesText(count: number): string {
  return count === 1 ? '1 entry' : `${count} entries`;
}

/** @returns what became of the records, a line for each kind */
async function takeOver(command: CommandLine, settings: RunSettings): Promise<string[]> {
  const text = await succeed(command, settings);
  return text.trim().split('\n').filter(Boolean);
}
