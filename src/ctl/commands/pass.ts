/**
 * greyctl pass: has waiting mail pass at its next retry. The record of its triplet becomes that of a triplet that has
 * passed: first seen at least --delay seconds ago, and last seen now.
 */
import { isExpired, type TripletRecord } from '../../greylist/records.ts';
import { stateOf } from '../../inspect/states.ts';
import { CHANGE_ARGUMENTS, CHANGE_OPTIONS, change } from '../changes.ts';
import { makeCommand } from '../command.ts';

export const passCommand = makeCommand(
  {
    name: 'greyctl pass',
    summary: 'let waiting mail pass',
    usage: '[options] client_address=… sender=… recipient=… | --from-log=LINE',
    description:
      'Lets the mail of a triplet pass from now on, whether greyd knows it yet or not; or, if not all three are ' +
      'given, the mail of all waiting triplets that match: of a client, a network (client_address=192.0.2.0/24), a ' +
      'sender, a recipient, or a whole domain (sender=@example.net). The mail arrives when the client retries. ' +
      'greyd may run meanwhile. Exit status 1: nothing is waiting.\n\n' +
      'Examples:\n' +
      '  greyctl pass client_address=192.0.2.10 sender=alice@example.net recipient=bob@example.org\n' +
      '  greyctl pass recipient=bob@example.org\n' +
      '  grep alice@example.net /var/log/mail.log | greyctl pass --from-log=-',
    options: CHANGE_OPTIONS,
    arguments: CHANGE_ARGUMENTS,
  },
  (given, { attributes }, work) =>
    change(given, attributes, work, {
      done: 'marked as passed',
      jsonDone: 'passed',
      idle: 'has passed already',
      idleStatus: 0,
      kindsOf: () => ['triplet'],
      isMeant: ([, record], rules, now) => stateOf(record, rules, now) === 'waiting',
      apply: (key, store, rules, now) => {
        if (key.kind !== 'triplet') return Promise.resolve(false);
        return store.update([key], ([known]) => {
          const isKnown = known !== undefined && !isExpired(known, rules, now);
          if (isKnown && stateOf(known, rules, now) === 'passed') return { save: [undefined], result: false };
          const first = Math.min(isKnown ? known.first : now, now - rules.delay);
          return { save: [{ first, last: now } satisfies TripletRecord], result: true };
        });
      },
    }),
);
