/**
 * The small world in which a conversation takes place: its hosts, senders and recipients. Every
 * conversation has a serial number that stands in their names and networks, so that conversations
 * know nothing of each other, and a shrunk one can be tried on the same two programs.
 *
 * Addresses: a /16 in IPv4 and a /32 in IPv6 for each conversation.
 */
import { utf8 } from './request.ts';

/** The part of a sender that varies from one use to the next. */
export interface Variation {
  readonly number: number;
  /** Lower-case letters. */
  readonly word: string;
  /** Ten characters of [0-9a-z], as BATV has them. */
  readonly tag: string;
}

type Sender = (variation: Variation, serial: number) => string;

/** Before 2.0.0.0 there are networks that systems treat in ways of their own. */
const FIRST_NETWORK = 2 * 256;

/** Hosts, some of which share a network at one length or another, in several spellings. */
export const CLIENTS: readonly ((serial: number) => string)[] = [
  ...['2.1', '2.2', '2.130', '3.1', '19.1', '200.7'].map((host) => (serial: number) => {
    const network = FIRST_NETWORK + serial;
    return `${network >> 8}.${network & 255}.${host}`;
  }),
  ...['1:2::1', '1:2::2', '1:2:0:0:0:0005', '1:2:8000::1', '1:3::1', '1:2::10.0.0.1', '2::1', 'AB:CD::1'].map(
    (host) => (serial: number) => `2a00:${serial.toString(16)}:${host}`,
  ),
  (serial) => `2A00:${serial.toString(16).toUpperCase().padStart(4, '0')}:0001:2::1`,
];

/** Networks there are for conversations. */
export const MAX_SERIAL = 223 * 256 - FIRST_NETWORK;

export const CLIENT_NAMES: readonly string[] = [
  'mx.sender.example',
  '',
  'unknown',
  'MX.Sender.Example',
  'mail7.sender.example',
  utf8('bücher.example'),
];

/** Only where nothing is kept of it beyond the conversation. */
export const NAME_ZERO = '0';

const at = (local: Sender, domain = 's'): Sender => {
  return (variation, serial) => `${local(variation, serial)}@${domain}${serial}.example`;
};

/** Each is made anew at every use, so that what must be taken out really varies. */
export const SENDERS: readonly Sender[] = [
  at(() => 'alice'),
  at(() => 'ALICE'),
  at(({ word }) => `alice+${word}`),
  at(({ tag }) => `prvs=${tag}=alice`),
  at(({ tag }) => `prvs=alice=${tag}`),
  () => '',
  at(() => 'bob'),
  at(({ number }) => `${number}`),
  at(({ number }) => `bounce-${number}-x`),
  at(({ number, word }) => `bounces+${number}-${word}`),
  at(({ number }) => `list-${number}-rcpt=r.example`),
  at(({ number }) => `news.${number}.${number + 1}`),
  at(({ number, word }) => `list-return-${number}-${word}=r.example`),
];

/** Local parts that are rare in real life, and so the places where programs differ. */
export const ODD_SENDERS: readonly Sender[] = [
  at(() => 'a/b'),
  at(() => 'john, doe=x'),
  at(() => '"john doe"'),
  at(({ number }) => `a_${number}`),
  at(({ number }) => `a${number}b`),
  at(({ number }) => `1.5e${number}`),
  at(({ number }) => `"12 ${number}"`),
  at(() => 'a@b'),
  at(({ number }) => `${number}@b+c`, '12.'),
  at(({ word }) => `prvs=${word}`),
  at(({ tag }) => `PRVS=${tag}=alice`),
  at(() => 'prvs=a=b=c'),
  at(({ tag }) => `prvs=${tag}=`),
  at(({ word }) => `prvs==${word}`),
  at(({ tag, word }) => `prvs=${tag}${word}=bob`),
  at(({ tag }) => `prvs=${tag.toUpperCase()}=bob`),
  at(({ tag }) => `prvs=${tag}=${tag}`),
  at(({ tag, word }) => `prvs=${tag}=al+${word}`),
  at(({ tag, number }) => `prvs=${tag}=${number}`),
  at(({ tag }) => `prvs=alice=${tag.slice(1)}`),
  at(({ tag }) => `prvs=${tag.slice(1)}=bob`),
  at(({ tag }) => `btv1==${tag}==alice`),
  at(({ tag }) => `SRS0=${tag.slice(0, 4)}=${tag.slice(4, 6)}=o.example=u`),
  at(({ number }) => utf8(`é-${number}`)),
  at(() => utf8('été')),
  at(() => utf8('Été')),
  at(() => utf8('straße')),
  at(() => utf8('почта')),
  at(() => utf8('٣٤')),
  at(() => '50%s%r'),
  at(() => 'a\tb'),
  at(() => 'back\\slash'),
  at(({ word }) => `+${word}`),
  at(() => ' blank '),
  (_, serial) => `nodomain${serial}`,
  ({ number }, serial) => `no-${number}-domain${serial}`,
  (_, serial) => `${serial}`,
  () => '@',
  (_, serial) => `@d${serial}.example`,
  () => '0',
  ({ word }, serial) => `${'x'.repeat(500)}${word[0]}@s${serial}.example${word}`,
];

/** Bytes that are no UTF-8. */
export const LATIN1_SENDERS: readonly Sender[] = [
  at(() => '\xe9t\xe9'),
  at(() => '\xc9t\xe9'),
  ({ number }, serial) => `${'x'.repeat(490)}${utf8('é'.repeat(9 + (number % 6)))}${serial}`,
];

type Recipient = (serial: number) => string;

const local = (part: string, domain = 'r'): Recipient => {
  return (serial) => `${part}@${domain}${serial}.example`;
};

export const RECIPIENTS: readonly Recipient[] = [
  local('bob'),
  local('Bob', 'R'),
  local('carol'),
  local('dan+x'),
  local('12'),
  local('eve', 'q'),
];

export const ODD_RECIPIENTS: readonly Recipient[] = [
  local('u/v'),
  local('"a b"'),
  local('%s%r'),
  local(utf8('ü')),
  local('a@b'),
  (serial) => `x@${utf8('bücher')}${serial}.example`,
  (serial) => `tab@a\t${serial}.example`,
  (serial) => `tab@b\t${serial}.example`,
  (serial) => `esc@\x1b${serial}.example`,
  (serial) => `nodomain${serial}`,
  (serial) => `a${serial}@`,
  local('', 'r'),
  () => '0',
  () => '',
];

export const LATIN1_RECIPIENTS: readonly Recipient[] = [
  local('\xfc'),
  (serial) => `x@b\xfccher${serial}.example`,
];
