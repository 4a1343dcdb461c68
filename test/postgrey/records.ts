/**
 * The records that both programs have stored, in one form: the key as postgrey writes it, and two
 * numbers.
 */
import { execFileSync } from 'node:child_process';
import { createHash, createHmac } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { postgreyKey } from '../../src/greylist/keys.ts';
import type { Profile } from './profiles.ts';
import { decoded } from './request.ts';

/** Key -> `first,last` of a triplet or `count,last` of a client. */
export type Records = ReadonlyMap<string, string>;

/**
 * Records of a postgrey that has ended. Keys are as greyd would have them: with --privacy its digests of them.
 */
export function postgreyRecords(dbdir: string, secret: Buffer | undefined): Records {
  const records = new Map<string, string>();
  for (const file of ['postgrey.db', 'postgrey_clients.db']) {
    if (!existsSync(join(dbdir, file))) continue;
    const dump = execFileSync('db_dump', ['-p', join(dbdir, file)], {
      encoding: 'latin1',
      maxBuffer: 1 << 30,
    });
    const lines = dump.slice(dump.indexOf('HEADER=END\n') + 'HEADER=END\n'.length).split('\n');
    for (let index = 0; lines[index]?.startsWith(' '); index += 2) {
      records.set(storedKey(unescaped(lines[index] ?? ''), secret), unescaped(lines[index + 1] ?? ''));
    }
  }
  return records;
}

/** Records of a greyd that has ended. */
export function greydRecords(dbdir: string, { options }: Profile): Records {
  const file = new Database(join(dbdir, 'greyd.db'), { readonly: true });
  const rows = (sql: string) => file.prepare<[], (string | number | Buffer)[]>(sql).raw().all();
  const records = new Map<string, string>();
  if (options.privacy) {
    for (const table of ['private_triplets', 'private_clients']) {
      for (const [key, ...numbers] of rows(`SELECT * FROM ${table}`))
        records.set((key as Buffer).toString('hex'), numbers.join(','));
    }
  } else {
    for (const [network, sender, recipient, ...numbers] of rows('SELECT * FROM triplets')) {
      const key = { kind: 'triplet', clientNetwork: String(network) } as const;
      const text = postgreyKey(
        { ...key, sender: String(sender), recipient: String(recipient) },
        options.lookupByHost,
      );
      records.set(text, numbers.join(','));
    }
    for (const [address, ...numbers] of rows('SELECT * FROM clients'))
      records.set(postgreyKey({ kind: 'client', clientAddress: String(address) }, false), numbers.join(','));
  }
  file.close();
  return records;
}

/** A key of postgrey in bytes, or the SHA-1 of one with --privacy, as greyd has it. */
export function storedKey(key: string, secret: Buffer | undefined): string {
  // greyd takes each field for UTF-8 or Latin-1 by itself.
  if (secret === undefined) return key.split('/').map(decoded).join('/');
  return createHmac('sha256', secret).update(key).digest('hex');
}

export function sha1(text: string): string {
  return createHash('sha1').update(text).digest('hex');
}

export function secretOf(dbdir: string, { options }: Profile): Buffer | undefined {
  if (!options.privacy) return undefined;
  return Buffer.from(readFileSync(join(dbdir, 'greyd.secret'), 'latin1').trim(), 'hex');
}

/** A line of db_dump -p: a blank, then bytes, with `\c3` for what is not printable and `\\` for `\`. */
function unescaped(line: string): string {
  return line
    .slice(1)
    .replace(/\\(\\|[0-9a-f]{2})/g, (_, code: string) =>
      code === '\\' ? code : String.fromCharCode(Number.parseInt(code, 16)),
    );
}
