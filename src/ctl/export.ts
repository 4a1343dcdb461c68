/**
 * greyctl export: writes records in a form that another program reads. The one there is makes the
 * way back to postgrey: input for db_load(1), as described in postgrey-dump.
 */
import { pipeline } from 'node:stream/promises';
import { UsageError } from '../command-line.ts';
import { type Key, postgreyKey } from '../greylist/keys.ts';
import { oneOf } from '../option-values.ts';
import type { Entry, ReadableStore } from '../store/store.ts';
import { makeCommand } from './command.ts';
import { kindOf } from './kinds.ts';
import { daemonOption } from './options.ts';
import { type GivenRecords, RECORDS_OPTIONS, requireReadableKeys, withRecords } from './records.ts';

interface Given extends GivenRecords {
  format?: 'postgrey';
}

export const exportCommand = makeCommand<Given>(
  {
    name: 'greyctl export',
    summary: 'write records for another program, as postgrey',
    usage: '[--dbdir=PATH | --store=URL] --format=postgrey triplets | clients',
    description:
      'Writes all triplets, or all clients, as input for db_load, from which postgrey goes on where greyd ' +
      'was. greyd may run meanwhile. Records of greyd --privacy cannot be turned back.\n\n' +
      'Examples:\n' +
      '  greyctl export --format=postgrey triplets | db_load /var/lib/postgrey/postgrey.db\n' +
      '  greyctl export --format=postgrey clients | db_load /var/lib/postgrey/postgrey_clients.db',
    words: ['triplets', 'clients'],
    options: [
      ...RECORDS_OPTIONS,
      { flags: '--format <FORMAT>', help: 'postgrey: input for db_load', parse: oneOf(['postgrey']) },
      {
        ...daemonOption('--lookup-by-host'),
        help: 'greyd ran, and postgrey will run, with --lookup-by-host',
      },
    ],
  },
  async (given, words, surroundings) => {
    const { format, lookupByHost = false } = given;
    if (format === undefined) throw new UsageError('give --format=postgrey');
    const kind = kindOf(words, 'export');
    return withRecords(given, surroundings, async (store) => {
      requireReadableKeys(store);
      await pipeline(dump(store, kind, lookupByHost), surroundings.output, { end: false });
      return 0;
    });
  },
  { hasJson: false },
);

async function* dump(store: ReadableStore, kind: Key['kind'], byHost: boolean): AsyncGenerator<string, void> {
  yield 'VERSION=3\nformat=print\ntype=btree\nHEADER=END\n';
  for await (const entries of store.entries(kind)) {
    yield entries.map((entry) => pairOf(entry, byHost)).join('');
  }
  yield 'DATA=END\n';
}

function pairOf([key, record]: Entry, byHost: boolean): string {
  const first = 'first' in record ? record.first : record.count;
  return ` ${printed(postgreyKey(key, byHost))}\n ${first},${record.last}\n`;
}

/** Bytes that are no printable ASCII as `\hh`. */
function printed(text: string): string {
  return Buffer.from(text)
    .toString('latin1')
    .replace(/[^ -[\]-~]/g, (byte) =>
      byte === '\\' ? '\\\\' : `\\${byte.charCodeAt(0).toString(16).padStart(2, '0')}`,
    );
}
