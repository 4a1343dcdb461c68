/**
 * A large database in seconds: records that are made by SQL, in the order of their keys, the same for each
 * moment. Triplet number n is of
 *
 *   network    10.(n mod 200).(n / 200 mod 250).0: 50,000 of them
 *   sender     user(n)@domain(n mod 250).example.net
 *   recipient  box(n mod 5000)@example.org
 *
 * In each domain half the triplets wait, the others have passed; nothing is expired.
 */
import type Database from 'better-sqlite3';

export interface LargeContent {
  readonly triplets: number;
  readonly clients: number;
  /** Hours of which decisions are counted, until now. */
  readonly hours: number;
  /** Unix time. */
  readonly now: number;
}

/** The number of triplets in one domain, and how many of them wait. */
export const OF_A_DOMAIN = { triplets: 4000, waiting: 2000 };

const TRIPLETS = `
  WITH RECURSIVE number(n) AS (VALUES (0) UNION ALL SELECT n + 1 FROM number WHERE n + 1 < @triplets)
  INSERT INTO triplets (client_network, sender, recipient, first_seen, last_seen)
    SELECT
      '10.' || (n % 200) || '.' || (n / 200 % 250) || '.0',
      'user' || n || '@domain' || (n % 250) || '.example.net',
      'box' || (n % 5000) || '@example.org',
      @now - 86400 + n % 40000,
      @now - 86400 + n % 40000 + iif(n / 250 % 2 = 0, 0, 1000)
    FROM number ORDER BY 1, 2, 3`;

const CLIENTS = `
  WITH RECURSIVE number(n) AS (VALUES (0) UNION ALL SELECT n + 1 FROM number WHERE n + 1 < @clients)
  INSERT INTO clients (client_address, count, last_seen)
    SELECT '172.16.' || (n / 250) || '.' || (n % 250), 1 + n % 20, @now - n
    FROM number ORDER BY 1`;

/** Waits are counted to two digits: a hundred different ones in an hour are many. */
const DECISIONS = `
  WITH RECURSIVE
    ago(hours) AS (VALUES (0) UNION ALL SELECT hours + 1 FROM ago WHERE hours + 1 < @hours),
    wait(minutes) AS (VALUES (0) UNION ALL SELECT minutes + 1 FROM wait WHERE minutes < 99)
  INSERT INTO decisions (hour, action, reason, waited, count)
    SELECT (@now / 3600 - hours) * 3600, 'greylist', 'new', 0, 5000 FROM ago
    UNION ALL SELECT (@now / 3600 - hours) * 3600, 'pass', 'client AWL', 0, 3000 FROM ago
    UNION ALL SELECT (@now / 3600 - hours) * 3600, 'pass', 'triplet found', 300 + minutes * 60, 20 FROM ago, wait`;

/** @param file a database of greyd's newest schema, without such records */
export function addManyRecords(file: Database.Database, content: LargeContent): void {
  const { triplets, clients, hours, now } = content;
  file.pragma('synchronous = OFF');
  file.transaction(() => {
    file.prepare(TRIPLETS).run({ triplets, now });
    file.prepare(CLIENTS).run({ clients, now });
    file.prepare(DECISIONS).run({ hours, now });
  })();
}
