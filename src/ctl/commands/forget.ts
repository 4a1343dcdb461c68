/**
 * greyctl forget: deletes records, so that mail is greylisted again as if it were new.
 */
import { CHANGE_ARGUMENTS, CHANGE_OPTIONS, change } from '../changes.ts';
import { makeCommand } from '../command.ts';

export const forgetCommand = makeCommand(
  {
    name: 'greyctl forget',
    summary: 'delete records, so that mail is greylisted again',
    usage: '[options] client_address=… sender=… recipient=… | --from-log=LINE',
    description:
      'Deletes the record of a triplet; or, if not all three are given, of all triplets that match: of a client, a ' +
      'network (client_address=192.0.2.0/24), a sender, a recipient, or a whole domain (sender=@example.net); with ' +
      'sender or recipient also who has written to whom, and with client_name alone the farm of a host. ' +
      'If only client_address is given, the records of its clients are deleted as well, so that these are no ' +
      'longer auto-whitelisted (with --privacy only these records, and only of one address). Otherwise mail of ' +
      'an auto-whitelisted client still passes. greyd may run meanwhile. Exit status 1: no such records.\n\n' +
      'Examples:\n' +
      '  greyctl forget client_address=192.0.2.10 sender=alice@example.net recipient=bob@example.org\n' +
      '  greyctl forget client_address=192.0.2.10',
    options: CHANGE_OPTIONS,
    arguments: CHANGE_ARGUMENTS,
  },
  (given, { attributes }, work) =>
    change(given, attributes, work, {
      done: 'forgotten',
      jsonDone: 'forgotten',
      idle: 'not known',
      idleStatus: 1,
      kindsOf: () => ['triplet', 'client'],
      isMeant: () => true,
      apply: (key, store) =>
        store.update([key], ([known]) => ({ save: [known && null], result: known !== undefined })),
    }),
);
