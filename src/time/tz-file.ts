/**
 * A file of the tz database (TZif, RFC 9636): the moments at which the clocks of a zone were changed, the
 * offset and name from each one on, and the rule for the time after the last one.
 *
 * Known limits: in a file of version 1, which has no rule, the last offset lasts for ever; leap seconds do not
 * count.
 */
import { posixZone } from './posix-zone.ts';
import type { Zone } from './zone.ts';

const TZ_HEADER_BYTES = 44;
/** Size of an offset and its flags, in bytes. */
const TYPE_BYTES = 6;

/** @returns undefined if this is no such file, or a damaged one */
export function tzFileZone(bytes: Buffer): Zone | undefined {
  try {
    const first = blockAt(bytes, 0, 4);
    if (first === undefined) return undefined;
    return (bytes[4] ?? 0) < 0x32 ? zoneIn(bytes, first) : zoneIn(bytes, blockAt(bytes, first.end, 8));
  } catch {
    // The file is cut short.
    return undefined;
  }
}

interface Block {
  readonly start: number;
  readonly end: number;
  readonly times: number;
  readonly types: number;
  readonly nameBytes: number;
  /** 4 or 8. */
  readonly timeBytes: number;
}

function blockAt(bytes: Buffer, at: number, timeBytes: number): Block | undefined {
  if (bytes.toString('latin1', at, at + 4) !== 'TZif') return undefined;
  const [isUt = 0, isStandard = 0, leaps = 0, times = 0, types = 0, nameBytes = 0] = [
    20, 24, 28, 32, 36, 40,
  ].map((offset) => bytes.readUInt32BE(at + offset));
  const start = at + TZ_HEADER_BYTES;
  const end =
    start +
    times * (timeBytes + 1) +
    types * TYPE_BYTES +
    nameBytes +
    leaps * (timeBytes + 4) +
    isStandard +
    isUt;
  return end > bytes.length || types === 0 ? undefined : { start, end, times, types, nameBytes, timeBytes };
}

function zoneIn(bytes: Buffer, block: Block | undefined): Zone | undefined {
  if (block === undefined) return undefined;
  const { start, end, times, types, nameBytes, timeBytes } = block;
  const typesAt = start + times * (timeBytes + 1);
  const namesAt = typesAt + types * TYPE_BYTES;
  const names = bytes.toString('latin1', namesAt, namesAt + nameBytes);
  const kinds = Array.from({ length: types }, (_, index) => {
    const at = typesAt + index * TYPE_BYTES;
    const nameStart = bytes.readUInt8(at + 5);
    return { offset: bytes.readInt32BE(at), name: names.slice(nameStart, names.indexOf('\0', nameStart)) };
  });
  const moments = Array.from({ length: times }, (_, index) =>
    timeBytes === 8 ? Number(bytes.readBigInt64BE(start + index * 8)) : bytes.readInt32BE(start + index * 4),
  );
  const kindFrom = (index: number) => {
    const kind = kinds[index < 0 ? 0 : bytes.readUInt8(start + times * timeBytes + index)];
    if (kind === undefined) throw new RangeError('no such kind of time');
    return kind;
  };
  // Check each now: a damaged file counts as none.
  for (const index of moments.keys()) kindFrom(index);
  const [, rule = ''] = timeBytes === 8 ? bytes.toString('latin1', end).split('\n') : [];
  const later = posixZone(rule);
  const last = moments.at(-1) ?? Number.NEGATIVE_INFINITY;
  return {
    at: (seconds) =>
      later !== undefined && seconds >= last
        ? later.at(seconds)
        : kindFrom(moments.findLastIndex((moment) => moment <= seconds)),
  };
}
