/**
 * The tables of greyd.db and their versions. PRAGMA user_version holds the version of a file;
 * MIGRATIONS[n] takes it from version n to n + 1. An entry that was released is never changed.
 *
 * All times are Unix seconds. The private_ tables are used with --privacy in place of the others:
 * their digests cannot be turned back into addresses. Without ROWID, a table is its own index.
 * The database itself maintains `record_counts`, whichever program writes, because counting takes a walk over
 * all records. `settings` tells programs without the daemon's options how the database is used.
 * `decisions` counts decisions per hour (see DecisionCount).
 */

const TABLES = `
  CREATE TABLE triplets (
    client_network TEXT NOT NULL,
    sender         TEXT NOT NULL,
    recipient      TEXT NOT NULL,
    first_seen     INTEGER NOT NULL,
    last_seen      INTEGER NOT NULL,
    PRIMARY KEY (client_network, sender, recipient)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE clients (
    client_address TEXT NOT NULL PRIMARY KEY,
    count          INTEGER NOT NULL,
    last_seen      INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE private_triplets (
    digest     BLOB NOT NULL PRIMARY KEY,
    first_seen INTEGER NOT NULL,
    last_seen  INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE private_clients (
    digest    BLOB NOT NULL PRIMARY KEY,
    count     INTEGER NOT NULL,
    last_seen INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE record_counts (
    kind    TEXT NOT NULL PRIMARY KEY,
    records INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  INSERT INTO record_counts VALUES ('triplet', 0), ('client', 0);

  CREATE TABLE settings (
    name  TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
`;

const DECISIONS = `
  CREATE TABLE decisions (
    hour   INTEGER NOT NULL,
    action TEXT NOT NULL,
    reason TEXT NOT NULL,
    waited INTEGER NOT NULL,
    count  INTEGER NOT NULL,
    PRIMARY KEY (hour, action, reason, waited)
  ) STRICT, WITHOUT ROWID;
`;

/** An upsert that finds its row fires no INSERT trigger, unlike INSERT OR REPLACE. */
function countingTriggers(table: string, kind: 'triplet' | 'client'): string {
  const change = (sign: '+' | '-') =>
    `UPDATE record_counts SET records = records ${sign} 1 WHERE kind = '${kind}'`;
  return `
  CREATE TRIGGER ${table}_inserted AFTER INSERT ON ${table} BEGIN ${change('+')}; END;
  CREATE TRIGGER ${table}_deleted AFTER DELETE ON ${table} BEGIN ${change('-')}; END;
  `;
}

export const MIGRATIONS: readonly string[] = [
  TABLES +
    countingTriggers('triplets', 'triplet') +
    countingTriggers('private_triplets', 'triplet') +
    countingTriggers('clients', 'client') +
    countingTriggers('private_clients', 'client'),
  DECISIONS,
];

/** Counts all records anew: a walk over all of them. */
export const RECOUNT = `
  DELETE FROM record_counts;
  INSERT INTO record_counts (kind, records) VALUES
    ('triplet', (SELECT count(*) FROM triplets) + (SELECT count(*) FROM private_triplets)),
    ('client', (SELECT count(*) FROM clients) + (SELECT count(*) FROM private_clients));
`;
