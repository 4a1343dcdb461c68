/**
 * Databases of postgrey of any size, made without asking it a million times: db_load writes them from
 * a dump, as postgrey's own tools would.
 */
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { chownSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

const DAY = 86_400;
const PIECE_CHARACTERS = 65_536;
/** Enough of them to have many of each count. */
export const CLIENT_RECORDS = 2000;

export interface DatabaseSettings {
  readonly triplets: number;
  /** Unix time; all records are of the month before it, so that none has expired. */
  readonly now: number;
  /** The options of the postgrey that is to run on it. */
  readonly options: readonly string[];
}

/** A request, and the key under which postgrey keeps the triplet. */
export interface Recorded {
  readonly client_address: string;
  readonly sender: string;
  readonly recipient: string;
  readonly key: string;
}

/** Numbers from 0 to 1 that look random and are the same in every run. */
export function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** The triplet of a number: IPv4 and IPv6, null senders, slashes and UTF-8 among them. */
export function tripletOf(number: number, { options }: Pick<DatabaseSettings, 'options'>): Recorded {
  const byHost = options.includes('--lookup-by-host');
  const mail = `x${number}@example.net`;
  const sender = ['', mail, mail.replace('@', '/y@'), `jürgen.${mail}`][number % 4] ?? '';
  const recipient = `${number % 7 === 0 ? 'a/b' : 'bob'}.x${number}@example.org`;
  const [low, high] = [number & 0xff, (number >> 8) & 0xff];
  const isIpv6 = number % 3 === 0;
  const network = isIpv6 ? `2001:db8:${high.toString(16)}:${low.toString(16)}:0:0:0:` : `10.${high}.${low}.`;
  const mask = byHost ? (isIpv6 ? '/128' : '/32') : '';
  const key = `${network}${byHost ? '7' : '0'}${mask}/${sender}/${recipient}`;
  return { client_address: `${network}7`, sender, recipient, key };
}

/** Makes both files. */
export async function makeDatabase(dbdir: string, settings: DatabaseSettings): Promise<void> {
  const { triplets, now, options } = settings;
  const written = options.includes('--privacy') ? sha1 : (key: string) => key;
  await load(
    join(dbdir, 'postgrey.db'),
    dump(triplets, (number) => [written(tripletOf(number, settings).key), timesOf(number, now)]),
  );
  await load(
    join(dbdir, 'postgrey_clients.db'),
    dump(CLIENT_RECORDS, (number) => {
      const address = `10.${number >> 8}.${number & 0xff}.7`;
      return [written(address), `${1 + (number % 9)},${now - number * 60}`];
    }),
  );
}

/** Makes a file of what stands in the lines of a dump, for postgrey to use. */
export async function load(path: string, lines: Iterable<string>): Promise<void> {
  const program = spawn('db_load', [path], { stdio: ['pipe', 'inherit', 'inherit'] });
  const closed = once(program, 'close');
  await pipeline(Readable.from(lines), program.stdin);
  const [status] = await closed;
  if (status !== 0) throw new Error(`db_load ended with status ${status}`);
  const id = (flag: string) => Number(execFileSync('id', [flag, 'postgrey'], { encoding: 'utf8' }));
  chownSync(path, id('-u'), id('-g'));
}

/** Joined in pieces: a stream of millions of small ones is slow. */
function* dump(count: number, pairOf: (number: number) => readonly [key: string, value: string]) {
  const hex = (text: string) => Buffer.from(text).toString('hex');
  let piece = 'VERSION=3\nformat=bytevalue\ntype=btree\nHEADER=END\n';
  for (let number = 0; number < count; number += 1) {
    const [key, value] = pairOf(number);
    piece += ` ${hex(key)}\n ${hex(value)}\n`;
    if (piece.length < PIECE_CHARACTERS) continue;
    yield piece;
    piece = '';
  }
  yield `${piece}DATA=END\n`;
}

/** A record of each state: just begun, waiting, given up, passed. */
function timesOf(number: number, now: number): string {
  const random = randomNumbers(number + 1);
  random();
  const first = now - Math.floor(random() * (number % 2 === 0 ? 600 : 30 * DAY));
  const last = number % 3 === 0 ? first : Math.min(now, first + Math.floor(random() * 900));
  return `${first},${last}`;
}

function sha1(text: string): string {
  return createHash('sha1').update(text).digest('hex');
}
