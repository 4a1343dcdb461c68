/**
 * greyctl show: shows the record history of one triplet and of its client, in words.
 */
import { sharedLifetimes } from '../../greylist/decision.ts';
import { isPostgreyKey, type PlainKey, subjectOf } from '../../greylist/keys.ts';
import { originOf } from '../../greylist/origin.ts';
import { keysOf } from '../../greylist/records-of-visit.ts';
import { type AskedMail, termsOf, visitOf } from '../../greylist/visit.ts';
import { headedLines, type Line } from '../../inspect/format/lines.ts';
import { utc } from '../../inspect/format/times.ts';
import { clientHistory, profileHistory, tripletHistory } from '../../inspect/record-history.ts';
import { clientForm, keyObject, keyText, tripletForm } from '../../inspect/rows.ts';
import { stateOf } from '../../inspect/states.ts';
import { printable } from '../../log/printable.ts';
import type { OptionEntry } from '../../options/command-line.ts';
import type { GivenOf } from '../../options/given.ts';
import { LOOKUP_OPTIONS, RULES_OPTIONS } from '../../options/of-daemon.ts';
import { networkLengthsOf, rulesOf } from '../../options/shared.ts';
import type { Attributes } from '../../policy/client.ts';
import type { ReadableStore } from '../../store/store.ts';
import { requireAttributes } from '../arguments.ts';
import { clientNamesOf } from '../changes.ts';
import { makeCommand, type Work } from '../command.ts';
import { RECORDS_OPTIONS, withRecords } from '../records.ts';
import { namedKeys, namedMail, SELECTING_WORDS } from '../selection.ts';

const SHOW_OPTIONS = [
  ...RECORDS_OPTIONS,
  ...RULES_OPTIONS,
  ...LOOKUP_OPTIONS,
] as const satisfies readonly OptionEntry[];

type GivenShow = GivenOf<typeof SHOW_OPTIONS>;

export const showCommand = makeCommand(
  {
    name: 'greyctl show',
    summary: 'show the records of a triplet, or of a client',
    usage: '[options] client_address=… [sender=… recipient=… [client_name=…]]',
    description:
      'Shows the history of one triplet and of its client, or of the client alone; with client_name also what ' +
      '--profile=smart keeps of such a mail. <> stands for the null sender. This works with --privacy too. Exit status 1: there are no records.\n\n' +
      'Example:\n' +
      '  greyctl show client_address=192.0.2.10 sender=alice@example.net recipient=bob@example.org',
    options: SHOW_OPTIONS,
    arguments: { attributes: [...SELECTING_WORDS, 'client_name'] },
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
      const named = attributes.get('client_name');
      const others =
        named === undefined ? 0 : await showProfile(store, { ...wholeMail(attributes), named }, given, work);
      return ofTriplet === undefined && ofClient === undefined && others === 0 ? 1 : 0;
    });
  },
);

/** Prints what a profile keeps of a mail beside triplet and client. @returns how many records that are */
async function showProfile(
  store: ReadableStore,
  { named, ...mail }: AskedMail & { readonly named: string },
  given: GivenShow,
  work: Work,
): Promise<number> {
  const clientNames = await clientNamesOf(work);
  const [rules, now] = [rulesOf(given), work.now()];
  const origin = originOf(clientNames.factsOf(named, mail.client), mail.sender);
  const terms = termsOf({ profile: 'smart' }, origin, mail.sender);
  const visit = visitOf(mail, networkLengthsOf(given), now, terms);
  const keys = keysOf(visit, { farms: true, windows: true }).map(([, key]) => key);
  const records = await store.read(keys);
  let shown = 0;
  for (const [index, key] of keys.entries()) {
    const record = records[index];
    if (record === undefined || 'sha1' in key || isPostgreyKey(key)) continue;
    const subject = subjectOf(key);
    const state = stateOf(record, rules, now, subject);
    if ('first' in record && key.kind === 'triplet') {
      const own = { ...rules, ...sharedLifetimes(rules) };
      const object = tripletForm(false).toObject({ key, record, state });
      print(key, object, tripletHistory(record, undefined, own, now), work);
    } else if ('count' in record) {
      const object = { ...keyObject(key), count: record.count, last: utc(record.last), state };
      print(key, object, profileHistory(subject, record, rules, now), work);
    }
    shown += 1;
  }
  return shown;
}

/** @throws {UsageError} without sender and recipient, on which the records depend */
function wholeMail(attributes: Attributes): AskedMail {
  requireAttributes(attributes, SELECTING_WORDS);
  return namedMail(attributes);
}

function print(key: PlainKey, object: object, lines: readonly Line[], { print, paint }: Work): void {
  print(object, [paint('bold', headingOf(key)), ...headedLines(lines, paint)].join('\n'));
}

function tellNothing(key: PlainKey, { tell }: Work): void {
  tell(`no record of ${headingOf(key)}`);
}

function headingOf(key: PlainKey): string {
  const subject = subjectOf(key);
  const isNamed = key.kind === 'triplet' || subject === key.kind;
  return printable(isNamed ? `${subject} ${keyText(key)}` : keyText(key));
}
