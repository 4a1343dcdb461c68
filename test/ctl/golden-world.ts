/**
 * The world of the golden tests of greyctl: a folder with a database that holds a record in every state, the counts of
 * some days, whitelists and a log; and a `greyctl` to be called by its name, whose clock stands still at NOW.
 */
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ClientKey, hashOf, type Key, type TripletKey } from '../../src/greylist/keys.ts';
import { openSqliteStore } from '../../src/store/sqlite/store.ts';
import { stoppedClock } from '../support/fake-time.ts';
import { GREYCTL } from '../support/greyctl.ts';
import type { ShellSettings } from '../support/transcript.ts';

/** Programs. */
export const WORLD_NEEDS = ['faketime', 'script'];

/** Unix seconds: a Thursday in winter, early in the morning. */
export const NOW = Date.UTC(2026, 10, 26, 6, 0, 0) / 1000;

const [MINUTE, HOUR, DAY] = [60, 3600, 86_400];

/** A sender that moves the cursor, names the window, starts another column, and reverses the text. */
const HOSTILE = '"\u001b[h\u001b]l;owned\u0007\u009bm\t\u202e"@example.com';

/** network, sender, recipient, and how long ago it was seen first and last. */
const TRIPLETS: readonly (readonly [string, string, string, number, number])[] = [
  // Waiting: too early, tried again too early, long enough, of the null sender.
  ['192.0.2.0', 'alice@example.net', 'bob@example.org', 100, 100],
  ['192.0.2.0', 'carol@example.net', 'bob@example.org', 250, 50],
  ['198.51.100.0', 'dave@example.com', 'bob@example.org', 2 * HOUR, 2 * HOUR],
  ['198.51.100.0', '', 'bob@example.org', 10 * MINUTE, 10 * MINUTE],
  // Passed.
  ['192.0.2.0', 'erin@example.net', 'carol@example.org', 10 * DAY, 3 * HOUR],
  ['2001:db8:78:0:0:0:0:0', 'frank@example.com', 'bob@example.org', 2 * DAY, DAY],
  // Given up, and passed long ago.
  ['203.0.113.0', 'spam@example.com', 'bob@example.org', 3 * DAY, 3 * DAY],
  ['203.0.113.0', 'old@example.com', 'carol@example.org', 100 * DAY, 40 * DAY],
  // Of somebody who wants to be seen.
  ['203.0.113.0', HOSTILE, 'bob@example.org', 30, 30],
  // Seen while the clock was an hour ahead.
  ['203.0.113.0', 'future@example.com', 'carol@example.org', -HOUR, -HOUR],
];

/** address, mails, and how long ago the last one was counted. */
const CLIENTS: readonly (readonly [string, number, number])[] = [
  ['192.0.2.10', 7, 2 * HOUR],
  ['198.51.100.7', 2, DAY],
  ['2001:db8:78:0:0:0:0:5', 5, 3 * DAY],
  ['203.0.113.9', 9, 50 * DAY],
];

/** What --profile=smart keeps beside them, in the same forms. */
const POOLS: typeof TRIPLETS = [
  ['@bigsoft.example', 'alice@firm.example', 'bob@example.org', 15 * MINUTE, 15 * MINUTE],
  ['@bigsoft.example', 'carol@firm.example', 'bob@example.org', 3 * DAY, DAY],
  ['203.0.113.0', 'alice@firm.example', 'bob@example.org', 15 * MINUTE, 15 * MINUTE],
];

const NAMED: typeof CLIENTS = [
  ['.outbound.bigsoft.example', 2, 2 * HOUR],
  ['~outbound.bigsoft.example', 3, 15 * MINUTE],
  ['.out.slow.example', 3, DAY],
  ['~out.slow.example', 9, HOUR],
  ['.mx.trusted.example', 4, DAY],
  ['~mx.trusted.example', 5, DAY],
  ['>bob@example.org dave@partner.example', 1, 6 * HOUR],
  ['>bob@example.org ', 3, 6 * HOUR],
  ['?carol@example.org', 0, -10 * MINUTE],
  ['?', 0, -10 * MINUTE],
];

/** How many hours ago, action, reason, how long it had waited, how often. */
const DECISIONS: readonly (readonly [number, string, string, number, number])[] = [
  [0, 'greylist', 'new', 0, 3],
  [1, 'greylist', 'new', 0, 40],
  [1, 'greylist', 'early-retry', 0, 12],
  [1, 'pass', 'triplet found', 320, 9],
  [1, 'pass', 'client AWL', 0, 25],
  [2, 'pass', 'triplet found', 0, 8],
  [26, 'greylist', 'new', 0, 60],
  [26, 'pass', 'triplet found', 610, 5],
  [27, 'pass', 'triplet found', 86_000, 1],
  [27, 'pass', 'client whitelist', 0, 30],
  [75, 'greylist (dry run)', 'new', 0, 5],
];

const FILES: Readonly<Record<string, string>> = {
  // As /etc/default/greyd.
  default: `# Options of greyd
POSTGREY_OPTS="--dbdir=db --delay=300 --whitelist-clients=clients --whitelist-recipients=recipients --hostname=mx.example.org"
POSTGREY_TEXT="Greylisted, come again in %s seconds"
`,
  smart:
    'POSTGREY_OPTS="--profile=smart --dbdir=smart-db --whitelist-clients=clients --whitelist-recipients=recipients --hostname=mx.example.org"\n',
  clients: '# Those who never come again\nnews.example.com\n192.0.2.128/25\n/^out\\d+\\.example\\.edu$/\n',
  recipients: 'postmaster@\nabuse@example.org\n',
  'hostile-sender': HOSTILE,
  'mail.log': `Nov 26 05:57:10 mx postgrey[812]: action=pass, reason=triplet found, delay=320, client_name=mail.example.net, client_address=192.0.2.1, sender=erin@example.net, recipient=carol@example.org
Nov 26 05:58:20 mx postgrey[812]: action=greylist, reason=new, client_name=mail.example.net, client_address=192.0.2.1, sender=alice@example.net, recipient=bob@example.org
`,
  'report.log': `Nov 25 01:00:00 mx postgrey[812]: action=greylist, reason=new, client_name=mail.example.net, client_address=192.0.2.1, sender=alice@example.net, recipient=bob@example.org
Nov 25 01:06:00 mx postgrey[812]: action=pass, reason=triplet found, delay=360, client_name=mail.example.net, client_address=192.0.2.1, sender=alice@example.net, recipient=bob@example.org
Nov 25 02:00:00 mx postgrey[812]: action=greylist, reason=new, client_name=unknown, client_address=203.0.113.9, sender=spam@example.com, recipient=bob@example.org
Nov 25 02:01:00 mx postgrey[812]: action=greylist, reason=early-retry (239s missing), client_name=unknown, client_address=203.0.113.9, sender=spam@example.com, recipient=bob@example.org
Nov 25 02:02:00 mx postgrey[812]: action=greylist, reason=new, client_name=unknown, client_address=203.0.113.9, recipient=carol@example.org
Nov 26 05:00:00 mx postgrey[812]: action=pass, reason=client whitelist, client_name=news.example.com, client_address=198.51.100.9, sender=list@example.com, recipient=bob@example.org
`,
  // As db_dump -p prints postgrey's: one that is known, two that are not, a client, and nonsense.
  'postgrey.dump': `VERSION=3
format=print
type=btree
HEADER=END
 192.0.2.0/alice@example.net/bob@example.org
 1795672000,1795672000
 198.51.100.0/heidi@example.com/bob@example.org
 1795600000,1795600400
 192.0.2.0/ivan@example.net/carol@example.org
 1795672100,1795672100
 198.51.100.44
 5,1795600000
 192.0.2.0/broken@example.net/bob@example.org
 yesterday
DATA=END
`,
};

/** Before a test changes something it takes a folder of its own. */
export class World {
  readonly #root = mkdtempSync(join(tmpdir(), 'greyd-golden-'));
  #folders = 0;

  static async make(): Promise<World> {
    const world = new World();
    await world.#fill();
    return world;
  }

  async #fill(): Promise<void> {
    const bin = join(this.#root, 'bin');
    mkdirSync(bin);
    const variables = Object.entries(stoppedClock(NOW)).map(([name, value]) => `${name}='${value}'`);
    writeFileSync(
      join(bin, 'greyctl'),
      `#!/bin/sh\nexec env ${variables.join(' ')} '${process.execPath}' '${GREYCTL}' "$@"\n`,
      { mode: 0o755 },
    );
    const template = this.#template;
    mkdirSync(join(template, 'db'), { recursive: true });
    for (const [name, text] of Object.entries(FILES)) writeFileSync(join(template, name), text);
    await fillDatabase(join(template, 'db'));
    mkdirSync(join(template, 'private'));
    await fillDatabase(join(template, 'private'), { privacy: true });
    mkdirSync(join(template, 'smart-db'));
    await fillDatabase(join(template, 'smart-db'), { isSmart: true });
    mkdirSync(join(template, 'empty'));
    await openSqliteStore(join(template, 'empty'), { privacy: false, hash }).close();
  }

  get #template(): string {
    return join(this.#root, 'template');
  }

  /** A folder of its own for a shell, and what it has. */
  shell(): ShellSettings {
    this.#folders += 1;
    const cwd = join(this.#root, String(this.#folders));
    cpSync(this.#template, cwd, { recursive: true });
    const PATH = `${join(this.#root, 'bin')}:${process.env.PATH}`;
    return { cwd, env: { PATH, TZ: 'UTC', LC_ALL: 'C.UTF-8' } };
  }

  remove(): void {
    rmSync(this.#root, { recursive: true });
  }
}

/** Makes the database, with all that it holds. */
export async function fillDatabase(dbdir: string, { privacy = false, isSmart = false } = {}): Promise<void> {
  const store = openSqliteStore(dbdir, { privacy, hash });
  for (const [clientNetwork, sender, recipient, first, last] of isSmart ? POOLS : TRIPLETS) {
    const key: TripletKey = { kind: 'triplet', clientNetwork, sender, recipient };
    const record = { first: NOW - first, last: NOW - last };
    await store.update([key], () => ({ save: [record], result: undefined }));
  }
  for (const [clientAddress, count, last] of isSmart ? NAMED : CLIENTS) {
    const key: ClientKey = { kind: 'client', clientAddress };
    const record = { count, last: NOW - last };
    await store.update([key], () => ({ save: [record], result: undefined }));
  }
  const counts = DECISIONS.map(([ago, action, reason, waited, count]) => {
    return { hour: NOW - ago * HOUR, action, reason, waited, count };
  });
  await store.addDecisions(counts, 0);
  await store.close();
}

function hash(key: Key): string {
  return hashOf(key, false);
}
