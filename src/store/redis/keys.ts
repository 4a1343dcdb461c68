/**
 * The form of records in a shared store:
 *
 *   key   :== prefix "{" part "}" kind ":" name     part: what both keys of a visit have in common
 *   kind  :== "t" (triplet) | "c" (client)
 *   name  :== network SP sender SP recipient | client address      SP and % in them are %20 and %25
 *   value :== first-seen SP last-seen | count SP last-seen         times are Unix seconds
 *
 * In a Cluster only keys of one slot can be changed together, and the part in braces decides the slot
 * (https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/#hash-tags). It is the
 * beginning of the address, which a client and its network share: two bytes of IPv4, 32 bits of IPv6.
 * With --privacy the name is a digest, which has no such part: all records are in one slot. With --profile they are
 * as well: what a visit depends on beside client and triplet has no address. Records of before stand where they
 * stood, see `formerKeyText`.
 */
import type { Key, PlainKey } from '../../greylist/keys.ts';
import type { ClientRecord, RecordOf, TripletRecord } from '../../greylist/records.ts';

/** Bits of an address in the braces: the minimum length of a network. */
export const SLOT_BITS = { ipv4: 16, ipv6: 32 } as const;

const KIND_LETTERS = { triplet: 't', client: 'c' } as const satisfies Record<Key['kind'], string>;
const PRIVATE_PART = '{private}';
const COMMON_PART = '{all}';

/** @param isInOneSlot true: all records are in one slot */
export function plainKeyText(key: PlainKey, isInOneSlot = false): string {
  const part = isInOneSlot || !hasAddress(key) ? COMMON_PART : slotPart(addressOf(key));
  return key.kind === 'triplet'
    ? `${part}t:${key.clientNetwork} ${escaped(key.sender)} ${escaped(key.recipient)}`
    : `${part}c:${key.clientAddress}`;
}

/** Returns where a record may stand that was saved before all were in one slot, if anywhere. */
export function formerKeyText(key: PlainKey): string | undefined {
  return hasAddress(key) ? plainKeyText(key, false) : undefined;
}

/** Tells whether a key begins with an address, and not with the sign of what a profile keeps. */
function hasAddress(key: PlainKey): boolean {
  return /^[\da-f:]/i.test(addressOf(key));
}

function addressOf(key: PlainKey): string {
  return key.kind === 'triplet' ? key.clientNetwork : key.clientAddress;
}

export function privateKeyText(kind: Key['kind'], digest: Buffer): string {
  return `${PRIVATE_PART}${KIND_LETTERS[kind]}:${digest.toString('base64url')}`;
}

/** Returns a pattern for SCAN: all keys of a kind, readable ones and digests. */
export function keyPattern(prefix: string, kind: Key['kind']): string {
  return `${literalPattern(prefix)}{*}${KIND_LETTERS[kind]}:*`;
}

/** Returns a pattern for SCAN that matches exactly this text. */
export function literalPattern(text: string): string {
  return text.replace(/[*?[\]\\]/g, '\\$&');
}

/** @returns undefined for a digest, or a key that is not greyd's */
export function readKeyText(text: string): PlainKey | undefined {
  const [, part, letter, name = ''] = /^(\{[^}]*\})([tc]):(.*)$/s.exec(text) ?? [];
  if (part === undefined || part === PRIVATE_PART) return undefined;
  if (letter === 'c') return { kind: 'client', clientAddress: name };
  const fields = name.split(' ');
  const [clientNetwork = '', sender = '', recipient = ''] = fields;
  if (fields.length !== 3) return undefined;
  return { kind: 'triplet', clientNetwork, sender: unescaped(sender), recipient: unescaped(recipient) };
}

export function recordText(record: TripletRecord | ClientRecord): string {
  return 'first' in record ? `${record.first} ${record.last}` : `${record.count} ${record.last}`;
}

const RECORD_FORM = /^(\d+) (\d+)$/;

/** Tells whether greyd has written this text. */
export function isRecordText(text: unknown): text is string {
  return typeof text === 'string' && RECORD_FORM.test(text);
}

/** @returns undefined if the text is no record */
export function readRecordText(kind: Key['kind'], text: string): RecordOf<Key> | undefined {
  const [, first, last] = RECORD_FORM.exec(text) ?? [];
  if (first === undefined || last === undefined) return undefined;
  return kind === 'triplet'
    ? { first: Number(first), last: Number(last) }
    : { count: Number(first), last: Number(last) };
}

/** Returns that of two texts whose record was seen later; the first if both were seen at once. */
export function laterText(text: string, other: string): string {
  const last = (one: string) => Number(RECORD_FORM.exec(one)?.[2] ?? -1);
  return last(other) > last(text) ? other : text;
}

function slotPart(address: string): string {
  const separator = address.includes(':') ? ':' : '.';
  return `{${address.split(separator, 2).join(separator)}}`;
}

function escaped(text: string): string {
  return /[% ]/.test(text) ? text.replaceAll('%', '%25').replaceAll(' ', '%20') : text;
}

function unescaped(text: string): string {
  return text.replaceAll('%20', ' ').replaceAll('%25', '%');
}
