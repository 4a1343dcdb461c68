/**
 * greyctl list: lists records, one per line:
 *
 *   network TAB sender TAB recipient TAB first seen TAB last seen TAB state
 *   client address TAB retries TAB last counted TAB state           times as 2026-11-26T05:00:00Z
 */
import { LIST_NAMES } from '../../inspect/lists.ts';
import { networkLengthsOf } from '../../options/shared.ts';
import { makeCommand } from '../command.ts';
import { LISTING_OPTIONS, printRecords } from '../listing.ts';
import { SELECTING_WORDS, selectionOf } from '../selection.ts';

export const listCommand = makeCommand(
  {
    name: 'greyctl list',
    summary: 'list triplets, clients, pools, farms, correspondents or windows',
    usage: '[options] [LIST] [client_address=… sender=… recipient=…]',
    description:
      'Lists triplets (the default), clients, or what --profile keeps beside them: pools, farms, correspondents, ' +
      'windows; all of them, or those of a client or network, a sender or a recipient; @example.org stands for all addresses of a domain, <> for the null sender. greyd may ' +
      'run meanwhile. Records of greyd --privacy cannot be read. Exit status 1: no such records.\n\n' +
      'Examples:\n' +
      '  greyctl list --state=waiting recipient=bob@example.org\n' +
      '  greyctl list client_address=192.0.2.0/24 --newer=1h\n' +
      '  greyctl list clients --state=auto-whitelisted --order=count --limit=20',
    options: LISTING_OPTIONS,
    arguments: {
      positional: { expected: LIST_NAMES.join(', '), values: LIST_NAMES, count: [0, 1] },
      attributes: [...SELECTING_WORDS, 'client_name'],
    },
  },
  async (given, { values: [word], attributes }, work) => {
    const list = LIST_NAMES.find((name) => name === word) ?? 'triplets';
    return printRecords([list], selectionOf(attributes, networkLengthsOf(given)), given, work);
  },
);
