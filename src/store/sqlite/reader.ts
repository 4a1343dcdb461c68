/**
 * greyd.db for programs that only read. In WAL mode a reader blocks no writer, and each
 * read sees one state; it is short, so that the log of the database can begin anew between two of them.
 */
import { join } from 'node:path';
import { errorText } from '../../errors/text.ts';
import { keyedDigest, readSecret, secretPath } from '../../files/secret-file.ts';
import type { Key } from '../../greylist/keys.ts';
import type { Entry, ReadableStore, RecordsOf } from '../store.ts';
import { SqliteDecisions } from './decisions.ts';
import { isDamage, openSqliteFileToRead, refuseNewer, versionOf } from './file.ts';
import { inTurns, SqliteRecords } from './records.ts';
import { MIGRATIONS } from './schema.ts';

/**
 * Opens DBDIR/greyd.db to read it, and DBDIR/greyd.secret if a digest is needed.
 * @param hash returns the hash of a key, of which its digest is made: `hashOf` in greylist/keys
 * @throws if it cannot be read, holds no tables, or is of a newer greyd
 */
export function openSqliteReader(dbdir: string, hash: (key: Key) => string): ReadableStore {
  const path = join(dbdir, 'greyd.db');
  const file = openSqliteFileToRead(path);
  try {
    refuseNewer(file);
    const version = versionOf(file);
    if (version === 0) throw new Error('it holds no tables of greyd');
    if (version < MIGRATIONS.length) throw new Error('it is from an older greyd: restart greyd to update it');
    let secret: Buffer | undefined;
    const records = new SqliteRecords(file, (key) => {
      secret ??= readSecret(secretPath(dbdir));
      return keyedDigest(secret, hash(key));
    });
    const decisions = new SqliteDecisions(file);
    return {
      privacy: records.privacy,
      get size() {
        return records.size;
      },
      async read<const Keys extends readonly Key[]>(keys: Keys): Promise<RecordsOf<Keys>> {
        return records.read(keys);
      },
      async *entries(kind: Key['kind']): AsyncGenerator<readonly Entry[], void> {
        yield* inTurns(records.entries(kind));
      },
      async decisions() {
        return decisions.all();
      },
      async close() {
        file.close();
      },
    };
  } catch (error) {
    file.close();
    const advice = isDamage(error) ? ', see greyctl check' : '';
    throw new Error(`cannot read the database ${path}: ${errorText(error)}${advice}`, {
      cause: error,
    });
  }
}
