/**
 * --privacy in greyd.db: the setting, which tells other programs, and the switch. When it is
 * turned on, records under plain addresses move to their digests, so that nothing is
 * forgotten and no address stays behind.
 */
import type { Key } from '../../greylist/keys.ts';
import type { SqliteFile } from './file.ts';

/** Turns a key into what is stored in its place. */
export type Digest = (key: Key) => Buffer;

/** Tells whether the daemon that used the file last ran with --privacy; undefined: none did yet. */
export function readPrivacy(file: SqliteFile): boolean | undefined {
  const value = file.prepare("SELECT value FROM settings WHERE name = 'privacy'").pluck().get();
  return value === undefined ? undefined : value === 'on';
}

export function savePrivacy(file: SqliteFile, privacy: boolean): void {
  if (readPrivacy(file) === privacy) return;
  file
    .prepare("INSERT OR REPLACE INTO settings (name, value) VALUES ('privacy', ?)")
    .run(privacy ? 'on' : 'off');
}

/** Tells whether there are records under plain addresses. */
function hasPlainRecords(file: SqliteFile): boolean {
  return file.prepare('SELECT 1 FROM triplets UNION ALL SELECT 1 FROM clients LIMIT 1').get() !== undefined;
}

export function hasPrivateRecords(file: SqliteFile): boolean {
  const either = file.prepare(
    'SELECT 1 FROM private_triplets UNION ALL SELECT 1 FROM private_clients LIMIT 1',
  );
  return either.get() !== undefined;
}

const MOVES = [
  {
    from: 'triplets',
    to: 'private_triplets',
    key: 'triplet_digest(client_network, sender, recipient)',
    columns: 'first_seen, last_seen',
    merge:
      'first_seen = min(first_seen, excluded.first_seen), last_seen = max(last_seen, excluded.last_seen)',
  },
  {
    from: 'clients',
    to: 'private_clients',
    key: 'client_digest(client_address)',
    columns: 'count, last_seen',
    merge: 'count = max(count, excluded.count), last_seen = max(last_seen, excluded.last_seen)',
  },
] as const;

/**
 * Moves all plain records in one transaction and overwrites their old place.
 * Takes about half a minute per million records; there is nothing to do at the next start.
 */
export function hidePlainRecords(file: SqliteFile, digest: Digest): void {
  file.function('triplet_digest', (clientNetwork: string, sender: string, recipient: string) =>
    digest({ kind: 'triplet', clientNetwork, sender, recipient }),
  );
  file.function('client_digest', (clientAddress: string) => digest({ kind: 'client', clientAddress }));
  file.pragma('secure_delete = ON');
  // Beginning a transaction waits for other writers.
  if (!hasPlainRecords(file)) return;
  file
    .transaction(() => {
      for (const { from, to, key, columns, merge } of MOVES) {
        file.exec(`
        INSERT INTO ${to} (digest, ${columns})
          SELECT ${key}, ${columns} FROM ${from} WHERE true
          ON CONFLICT DO UPDATE SET ${merge}`);
        file.prepare(`DELETE FROM ${from}`).run();
      }
    })
    .immediate();
  file.pragma('wal_checkpoint(TRUNCATE)');
}
