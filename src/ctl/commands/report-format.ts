/**
 * Prints the tries of greyctl report, sorted by client, in one of four forms.
 *
 * The form of greyctl has a heading for each client, written as in the log of Postfix, so that it can be searched for
 * there:
 *
 *    tries  first            last             mail
 *   mail.example.net[192.0.2.10]
 *        2  Nov 23 20:10:04  Nov 23 20:12:05  from=<alice@example.net> to=<bob@example.org>
 *
 * The other three are those of postgreyreport 1.14.3, to the column: a line for each triplet and client
 * (address, name, sender, recipient; before them the last time and the number of tries if asked for), the
 * same with tabs between the columns, and a heading for each client (name, address). There the sender
 * is the one of the triplet, and an empty one, which postgreyreport never shows, is `<>`.
 */
import { formatAddress, type IpAddress, networkOf } from '../../address/ip.ts';
import { jsonLine } from '../../inspect/format/json.ts';
import { printable } from '../../log/printable.ts';
import type { Tries } from '../../mail-log/never-retried.ts';

/** The options of postgreyreport's forms. */
export interface PostgreyreportForm {
  readonly grouped: boolean;
  readonly tab: boolean;
  readonly showTries: boolean;
  readonly showTime: boolean;
  /** Printed before the first client of each network (/24, IPv6: /64); empty: nothing. */
  readonly separateBySubnet: string;
  /** Printed before each other client address; empty: nothing. */
  readonly separateByIp: string;
}

const NO_TIME = '-';

const SUBNET_BITS = { 4: 24, 6: 64 } as const;

/** Sorts by address as a number, IPv4 first, then by name; the order is otherwise kept. */
export function sortByClient(tries: readonly Tries[]): Tries[] {
  return [...tries].sort(
    (a, b) => compareAddresses(a.client, b.client) || compareTexts(a.clientName, b.clientName),
  );
}

export function* ownForm(sorted: readonly Tries[]): Generator<string, void> {
  const times = sorted.flatMap(({ firstTime, lastTime }) => [firstTime.length, lastTime.length]);
  const width = times.reduce((longest, length) => Math.max(longest, length), 0);
  const columns = (tries: string | number, first: string, last: string, mail: string) =>
    `${String(tries).padStart(6)}  ${first.padEnd(width)}  ${last.padEnd(width)}  ${mail}\n`;
  if (sorted.length > 0) yield columns('tries', 'first', 'last', 'mail');
  let heading = '';
  for (const one of sorted) {
    const client = `${clientName(one)}[${one.clientAddress}]`;
    if (client !== heading) yield `${client}\n`;
    heading = client;
    yield columns(
      one.count,
      one.firstTime || NO_TIME,
      one.lastTime || NO_TIME,
      `from=<${printable(one.sender)}> to=<${printable(one.recipient)}>`,
    );
  }
}

/** Yields the lines of --json; times are as in the log, null if a line has none. */
export function* jsonForm(sorted: readonly Tries[]): Generator<string, void> {
  for (const { clientAddress, clientName, sender, recipient, count, firstTime, lastTime } of sorted) {
    const result = {
      client_address: clientAddress,
      client_name: clientName,
      sender,
      recipient,
      tries: count,
      first: firstTime || null,
      last: lastTime || null,
    };
    yield `${jsonLine(result)}\n`;
  }
}

export function* postgreyreportForm(
  sorted: readonly Tries[],
  form: PostgreyreportForm,
): Generator<string, void> {
  let before: Tries | undefined;
  for (const one of sorted) {
    yield separatorLine(before, one, form);
    const isNewClient = before?.clientAddress !== one.clientAddress || before?.clientName !== one.clientName;
    if (form.grouped && isNewClient)
      yield `${clientName(one).padEnd(77)} ${one.clientAddress.padStart(15)}\n`;
    yield form.grouped ? groupedLine(one, form) : singleLine(one, form);
    before = one;
  }
}

function singleLine(one: Tries, { tab, showTries, showTime }: PostgreyreportForm): string {
  const columns = [
    ...(showTime ? [one.lastTime || NO_TIME] : []),
    ...(showTries ? [one.count] : []),
    tab ? one.clientAddress : one.clientAddress.padStart(15),
    clientName(one),
    senderOf(one),
    recipientOf(one),
  ];
  return `${columns.join(tab ? '\t' : ' ')}\n`;
}

function groupedLine(one: Tries, { showTries }: PostgreyreportForm): string {
  const tries = showTries ? String(one.count).padStart(2) : '  ';
  return `       ${tries}  ${senderOf(one).padStart(40)}  ${recipientOf(one).padStart(40)} \n`;
}

function separatorLine(before: Tries | undefined, one: Tries, form: PostgreyreportForm): string {
  if (before !== undefined && compareAddresses(before.client, one.client) === 0) return '';
  const isNewSubnet = before === undefined || subnetOf(before.client) !== subnetOf(one.client);
  return (isNewSubnet && form.separateBySubnet) || form.separateByIp;
}

/** Returns the name of a client; without one it is `unknown`, as in Postfix. */
function clientName({ clientName }: Tries): string {
  return printable(clientName) || 'unknown';
}

function senderOf({ triplet }: Tries): string {
  return printable(triplet.sender) || '<>';
}

/** Returns the recipient, or `<>`: DATA and END-OF-MESSAGE of a mail to several recipients have none. */
function recipientOf({ triplet }: Tries): string {
  return printable(triplet.recipient) || '<>';
}

function subnetOf(client: IpAddress): string {
  return formatAddress(networkOf(client, SUBNET_BITS[client.family]));
}

function compareAddresses(a: IpAddress, b: IpAddress): number {
  if (a.family !== b.family) return a.family - b.family;
  const index = a.words.findIndex((word, index) => word !== b.words[index]);
  return index === -1 ? 0 : (a.words[index] ?? 0) - (b.words[index] ?? 0);
}

function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
