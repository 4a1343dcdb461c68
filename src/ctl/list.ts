/**
 * greyctl list: all triplets, or all clients, a line each, in the order in which the store has them:
 *
 *   network TAB sender TAB recipient TAB first seen TAB last seen
 *   client address TAB count TAB last counted                        times as 2026-11-26T05:00:00Z
 */
import { pipeline } from 'node:stream/promises';
import { printable } from '../log/printable.ts';
import type { Entry, Store } from '../store/store.ts';
import { makeCommand } from './command.ts';
import { kindOf } from './kinds.ts';
import { type GivenRecords, RECORDS_OPTIONS, withReadableRecords } from './records.ts';
import { utc } from './utc.ts';

export const listCommand = makeCommand<GivenRecords>(
  {
    name: 'greyctl list',
    summary: 'print all triplets, or all clients',
    usage: '[--dbdir=PATH | --store=URL] triplets | clients',
    description:
      'Prints a line for each record, its columns separated by tabs; greyd may run meanwhile. Records of ' +
      'greyd --privacy cannot be read.\n\n' +
      'Example:\n' +
      "  greyctl list triplets | grep 'example\\.net'",
    options: RECORDS_OPTIONS,
  },
  async (given, words, surroundings) => {
    const kind = kindOf(words, 'list');
    return withReadableRecords(given, surroundings, async (store) => {
      await pipeline(lines(store, kind), surroundings.output, { end: false });
      return 0;
    });
  },
);

async function* lines(store: Store, kind: 'triplet' | 'client'): AsyncGenerator<string, void> {
  for await (const entries of store.entries(kind)) yield entries.map(lineOf).join('');
}

function lineOf([key, record]: Entry): string {
  const name = key.kind === 'triplet' ? [key.clientNetwork, key.sender, key.recipient] : [key.clientAddress];
  const first = 'first' in record ? utc(record.first) : String(record.count);
  return `${[...name, first, utc(record.last)].map(printable).join('\t')}\n`;
}
