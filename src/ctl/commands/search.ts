import { LIST_NAMES } from '../../inspect/lists.ts';
import { makeCommand } from '../command.ts';
import { containing, LISTING_OPTIONS, printRecords } from '../listing.ts';

export const searchCommand = makeCommand(
  {
    name: 'greyctl search',
    summary: 'search all records for a text',
    usage: '[options] TEXT',
    description:
      'Lists the records in which a text occurs: in the sender, the recipient, the network, the address, or a ' +
      'name; upper and lower case are the same. greyd may run meanwhile. Records of greyd --privacy ' +
      'cannot be read. Exit status 1: no such records.\n\n' +
      'Examples:\n' +
      '  greyctl search alice\n' +
      '  greyctl search --state=waiting example.net',
    options: LISTING_OPTIONS,
    arguments: {
      positional: { expected: 'one TEXT to search for; put a text with blanks in quotes', count: [1, 1] },
    },
  },
  async (given, { values: [text = ''] }, work) => {
    return printRecords(LIST_NAMES, containing(text), given, work);
  },
);
