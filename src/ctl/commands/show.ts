/**
 * greyctl show: shows the record history of one triplet and of its client, in words.
 */
import type { PlainKey } from '../../greylist/keys.ts';
import { headedLines, type Line } from '../../inspect/format/lines.ts';
import { clientHistory, tripletHistory } from '../../inspect/record-history.ts';
import { clientForm, keyText, tripletForm } from '../../inspect/rows.ts';
import { stateOf } from '../../inspect/states.ts';
import { printable } from '../../log/printable.ts';
import { LOOKUP_OPTIONS, RULES_OPTIONS } from '../../options/of-daemon.ts';
import { networkLengthsOf, rulesOf } from '../../options/shared.ts';
import { requireAttributes } from '../arguments.ts';
import { makeCommand, type Work } from '../command.ts';
import { RECORDS_OPTIONS, withRecords } from '../records.ts';
import { namedKeys, SELECTING_WORDS } from '../selection.ts';

export const showCommand = makeCommand(
  {
    name: 'greyctl show',
    summary: 'show the records of a triplet, or of a client',
    usage: '[options] client_address=… [sender=… recipient=…]',
    description:
      'Shows the history of one triplet and of its client, or of the client alone. <> stands for the null ' +
      'sender. This works with --privacy too. Exit status 1: there are no records.\n\n' +
      'Example:\n' +
      '  greyctl show client_address=192.0.2.10 sender=alice@example.net recipient=bob@example.org',
    options: [...RECORDS_OPTIONS, ...RULES_OPTIONS, ...LOOKUP_OPTIONS],
    arguments: { attributes: SELECTING_WORDS },
  },
  async (given, { attributes }, work) => {
    const isTriplet = attributes.has('sender') || attributes.has('recipient');
    requireAttributes(attributes, isTriplet ? SELECTING_WORDS : ['client_address']);
    const { triplet, client } = namedKeys(attributes, networkLengthsOf(given));
    return withRecords(given, work, async (store) => {
      const [ofClient] = await store.read([client]);
      const [ofTriplet] = triplet === undefined ? [] : await store.read([triplet]);
      const [rules, now] = [rulesOf(given), work.now()];
      if (ofTriplet !== undefined && triplet !== undefined) {
        const object = tripletForm(false).toObject({
          key: triplet,
          record: ofTriplet,
          state: stateOf(ofTriplet, rules, now),
        });
        print(triplet, object, tripletHistory(ofTriplet, ofClient, rules, now), work);
      } else if (triplet !== undefined) tellNothing(triplet, work);
      if (ofClient !== undefined) {
        const object = clientForm(false).toObject({
          key: client,
          record: ofClient,
          state: stateOf(ofClient, rules, now),
        });
        print(client, object, clientHistory(ofClient, rules, now), work);
      } else tellNothing(client, work);
      return ofTriplet === undefined && ofClient === undefined ? 1 : 0;
    });
  },
);

function print(key: PlainKey, object: object, lines: readonly Line[], { print, paint }: Work): void {
  print(object, [paint('bold', headingOf(key)), ...headedLines(lines, paint)].join('\n'));
}

function tellNothing(key: PlainKey, { tell }: Work): void {
  tell(`no record of ${headingOf(key)}`);
}

function headingOf(key: PlainKey): string {
  return printable(`${key.kind} ${keyText(key)}`);
}
