/**
 * greyctl show: what greyd remembers of one triplet and of its client, in words.
 */
import type { PlainKey } from '../greylist/keys.ts';
import type { ClientRecord, TripletRecord } from '../greylist/records.ts';
import { printable } from '../log/printable.ts';
import { type GivenLookup, type GivenRules, networkLengthsOf, rulesOf } from '../rules-options.ts';
import { clientBiography, tripletBiography } from './biography.ts';
import { makeCommand, type Work } from './command.ts';
import { headedLines } from './format/lines.ts';
import { paintFor } from './format/terminal.ts';
import { namedKeys } from './keys.ts';
import { LOOKUP_OPTIONS, RULES_OPTIONS } from './options.ts';
import { clientForm, keyText, tripletForm } from './record-rows.ts';
import { type GivenRecords, RECORDS_OPTIONS, withRecords } from './records.ts';
import { SELECTING_WORDS } from './selection.ts';
import { stateOf } from './states.ts';
import { readAttributes, requireAttributes } from './words.ts';

interface Given extends GivenRecords, GivenRules, GivenLookup {}

export const showCommand = makeCommand<Given>(
  {
    name: 'greyctl show',
    summary: 'tell what is remembered of a triplet, or of a client',
    usage: '[options] client_address=… [sender=… recipient=…]',
    description:
      'Tells the history of one triplet and of its client, or of the client alone. <> stands for the null ' +
      'sender. It works with --privacy too. Exit status 1: nothing is remembered.\n\n' +
      'Example:\n' +
      '  greyctl show client_address=192.0.2.10 sender=alice@example.net recipient=bob@example.org',
    options: [...RECORDS_OPTIONS, ...RULES_OPTIONS, ...LOOKUP_OPTIONS],
    words: SELECTING_WORDS.map((name) => `${name}=`),
  },
  async (given, words, work) => {
    const attributes = readAttributes(words, SELECTING_WORDS);
    const isTriplet = attributes.has('sender') || attributes.has('recipient');
    requireAttributes(attributes, isTriplet ? SELECTING_WORDS : ['client_address']);
    const { triplet, client } = namedKeys(attributes, networkLengthsOf(given));
    return withRecords(given, work, async (store) => {
      const keys = triplet === undefined ? [client] : [triplet, client];
      const records = await store.read(keys);
      let found = 0;
      for (const [index, key] of keys.entries()) {
        const record = records[index];
        show(key, record, given, work);
        if (record !== undefined) found += 1;
      }
      return found > 0 ? 0 : 1;
    });
  },
);

function show(
  key: PlainKey,
  record: TripletRecord | ClientRecord | undefined,
  given: GivenRules,
  { now: clock, print, terminal, isJson, tell }: Work,
): void {
  const name = printable(`${key.kind} ${keyText(key)}`);
  if (record === undefined) {
    tell(`nothing is remembered of ${name}`);
    return;
  }
  const now = clock();
  const rules = rulesOf(given);
  const state = stateOf(record, rules, now);
  const paint = paintFor(isJson ? undefined : terminal);
  if (key.kind === 'triplet' && 'first' in record) {
    const lines = headedLines(tripletBiography(record, rules, now), paint);
    print(tripletForm(false).toObject({ key, record, state }), [paint('bold', name), ...lines].join('\n'));
  }
  if (key.kind === 'client' && 'count' in record) {
    const lines = headedLines(clientBiography(record, rules, now), paint);
    print(clientForm(false).toObject({ key, record, state }), [paint('bold', name), ...lines].join('\n'));
  }
}
