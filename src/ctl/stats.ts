/**
 * greyctl stats: how many records there are, and of what kind.
 */
import { UsageError } from '../command-line.ts';
import { DEFAULT_AUTO_WHITELIST } from '../option-table.ts';
import type { Store } from '../store/store.ts';
import { makeCommand } from './command.ts';
import { daemonOption } from './options.ts';
import { type GivenRecords, RECORDS_OPTIONS, withReadableRecords } from './records.ts';
import { utc } from './utc.ts';

interface Given extends GivenRecords {
  delay: number;
  autoWhitelistClients: number | true;
}

export const statsCommand = makeCommand<Given>(
  {
    name: 'greyctl stats',
    summary: 'count the records',
    usage: '[--dbdir=PATH | --store=URL] [options]',
    description:
      'Counts triplets and clients by what has become of them; greyd may run meanwhile. Records that are ' +
      'expired and not deleted yet are among them; those of greyd --privacy cannot be read.',
    options: [
      ...RECORDS_OPTIONS,
      { ...daemonOption('--delay'), help: 'seconds after which a triplet passes, as the daemon has it' },
      {
        ...daemonOption('--auto-whitelist-clients'),
        help: 'mails after which a client is on the auto-whitelist, as the daemon has it',
      },
    ],
  },
  async (given, words, surroundings) => {
    if (words.length > 0) throw new UsageError(`there is no use for ${words[0]}`);
    return withReadableRecords(given, surroundings, async (store) => {
      const lines = await count(store, given, surroundings.progress);
      surroundings.output.write(lines.map((line) => `${line}\n`).join(''));
      return 0;
    });
  },
);

async function count(
  store: Store,
  { delay, autoWhitelistClients }: Given,
  progress: ((text: string) => void) | undefined,
): Promise<string[]> {
  const triplets = { all: 0, passed: 0, once: 0, newest: 0 };
  const clients = { all: 0, listed: 0 };
  const enough = autoWhitelistClients === true ? DEFAULT_AUTO_WHITELIST : autoWhitelistClients;
  for (const kind of ['triplet', 'client'] as const) {
    for await (const entries of store.entries(kind)) {
      for (const [, record] of entries) {
        if ('first' in record) {
          triplets.all += 1;
          triplets.newest = Math.max(triplets.newest, record.last);
          if (record.last - record.first >= delay) triplets.passed += 1;
          if (record.last === record.first) triplets.once += 1;
        } else {
          clients.all += 1;
          if (enough > 0 && record.count >= enough) clients.listed += 1;
        }
      }
      progress?.(`${triplets.all + clients.all} records`);
    }
  }
  progress?.('');
  const { all, passed, once, newest } = triplets;
  return [
    `triplets: ${all}, of which ${passed} have passed, ${once} came once`,
    `clients: ${clients.all}, of which ${clients.listed} are on the auto-whitelist`,
    ...(all > 0 ? [`last seen: ${utc(newest)}`] : []),
  ];
}
