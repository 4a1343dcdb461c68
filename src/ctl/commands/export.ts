/**
 * greyctl export: writes records for another program. The only format is the way back to postgrey: input for
 * db_load(1), as described in postgrey-dump, with the keys of the installed postgrey, see greylist/former-keys.
 */
import { execFile } from 'node:child_process';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { type Lookup, maskedKey, shortKey } from '../../greylist/former-keys.ts';
import { isPostgreyKey, type Key, type PlainKey, postgreyKey } from '../../greylist/keys.ts';
import { UsageError } from '../../options/command-line.ts';
import { daemonOption, LOOKUP_OPTIONS } from '../../options/of-daemon.ts';
import { networkLengthsOf } from '../../options/shared.ts';
import { oneOf } from '../../options/values.ts';
import { cleanEnvironment } from '../../service/clean-environment.ts';
import type { Entry, ReadableStore } from '../../store/store.ts';
import { makeCommand } from '../command.ts';
import { KIND_WORDS, kindOf, RECORDS_OPTIONS, requireReadableKeys, withRecords } from '../records.ts';

/** Minor version of the first postgrey that writes keys as 1.37 does; `1.36` is 36. */
const PRESENT_VERSION = 37;
const OLDEST_VERSION = 27;

export const exportCommand = makeCommand(
  {
    name: 'greyctl export',
    summary: 'write records for another program, such as postgrey',
    usage: '[--dbdir=PATH | --store=URL] --format=postgrey triplets | clients',
    description:
      'Writes all triplets, or all clients, as input for db_load, so that postgrey continues with the records ' +
      'of greyd. greyd may run meanwhile. Records of greyd --privacy cannot be exported.\n\n' +
      'Examples:\n' +
      '  greyctl export --format=postgrey triplets | db_load /var/lib/postgrey/postgrey.db\n' +
      '  greyctl export --format=postgrey clients | db_load /var/lib/postgrey/postgrey_clients.db',
    arguments: { positional: { expected: 'triplets or clients', values: KIND_WORDS, count: [1, 1] } },
    options: [
      ...RECORDS_OPTIONS,
      { flags: '--format <FORMAT>', help: 'postgrey: input for db_load', parse: oneOf(['postgrey']) },
      {
        flags: '--postgrey-version <VERSION>',
        help: 'version of the postgrey that will read it, 1.27 to 1.37: the keys differ before 1.37',
        defaultText: 'the installed version, else 1.37',
        parse: postgreyVersion,
      },
      {
        ...daemonOption('--lookup-by-host'),
        help: 'greyd ran, and postgrey will run, with --lookup-by-host',
      },
      ...LOOKUP_OPTIONS.filter(({ flags }) => flags !== '--lookup-by-host'),
    ],
  },
  async (given, { values: [word] }, surroundings) => {
    const { format, lookupByHost = false } = given;
    if (format === undefined) throw new UsageError('missing --format=postgrey');
    const kind = kindOf(word);
    const lengths = networkLengthsOf(given);
    return withRecords(given, surroundings, async (store) => {
      requireReadableKeys(store);
      const version = given.postgreyVersion ?? (await installedVersion()) ?? PRESENT_VERSION;
      if (version < PRESENT_VERSION) surroundings.tell(formNote(version, lookupByHost));
      const written = keyWriter(version, { byHost: lookupByHost, lengths });
      await pipeline(dump(store, kind, written), surroundings.output, { end: false });
      return 0;
    });
  },
  { hasJson: false },
);

/** @returns 36 for `1.36` */
function postgreyVersion(text: string): number {
  const [, minor] = /^1\.(\d{2})$/.exec(text) ?? [];
  const version = Number(minor);
  if (minor !== undefined && version >= OLDEST_VERSION && version <= PRESENT_VERSION) return version;
  throw new Error('a version from 1.27 to 1.37');
}

/** @returns undefined if none is installed, or its version is not known */
async function installedVersion(): Promise<number | undefined> {
  try {
    const { stdout } = await promisify(execFile)('postgrey', ['--version'], {
      env: cleanEnvironment({ alsoInSystem: true }),
    });
    const [, version = ''] = /^postgrey (\S+)/.exec(stdout) ?? [];
    return postgreyVersion(version);
  } catch {
    return undefined;
  }
}

function formNote(version: number, byHost: boolean): string {
  const note = `writing keys in the format of postgrey 1.${version}`;
  const isLost = version < 36 && !byHost;
  return isLost ? `${note}, which does not find IPv6 triplets: it looks for the full address` : note;
}

function keyWriter(version: number, { byHost, lengths }: Lookup): (key: PlainKey) => string {
  if (version === PRESENT_VERSION) return (key) => postgreyKey(key, byHost);
  return version === 36 ? (key) => maskedKey(key, lengths) : (key) => shortKey(key);
}

async function* dump(
  store: ReadableStore,
  kind: Key['kind'],
  written: (key: PlainKey) => string,
): AsyncGenerator<string, void> {
  yield 'VERSION=3\nformat=print\ntype=btree\nHEADER=END\n';
  for await (const entries of store.entries(kind)) {
    // postgrey knows nothing of the others.
    const known = entries.filter(([key]) => isPostgreyKey(key));
    yield known.map((entry) => pairOf(entry, written)).join('');
  }
  yield 'DATA=END\n';
}

function pairOf([key, record]: Entry, written: (key: PlainKey) => string): string {
  const first = 'first' in record ? record.first : record.count;
  return ` ${printed(written(key))}\n ${first},${record.last}\n`;
}

/** Returns a text with each byte that is no printable ASCII as `\hh`. */
function printed(text: string): string {
  return Buffer.from(text)
    .toString('latin1')
    .replace(/[^ -[\]-~]/g, (byte) =>
      byte === '\\' ? '\\\\' : `\\${byte.charCodeAt(0).toString(16).padStart(2, '0')}`,
    );
}
