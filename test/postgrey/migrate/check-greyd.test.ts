/**
 * Tests that greyctl migrate detects a greyd without the records of postgrey, with a real greyd and a short --delay.
 */
import { expect, test } from 'vitest';
import { openRecords } from '../../../src/ctl/records.ts';
import { checkGreyd } from '../../../src/postgrey/migrate/check-greyd.ts';
import type { Socket } from '../../../src/postgrey/migrate/sockets.ts';
import { put } from '../../store/contract.ts';
import { Daemon, temporaryDirectory } from '../../support/daemon.ts';
import { GREYCTL } from '../../support/greyctl.ts';

const NOW = Math.floor(Date.now() / 1000);

/** A database with one triplet that has passed. @param sender as it stands there */
async function checked(sender: string, later = 0): Promise<string[]> {
  const dbdir = temporaryDirectory();
  const store = openRecords(dbdir);
  const key = { kind: 'triplet', clientNetwork: '192.0.2.0', sender, recipient: 'bob@example.org' } as const;
  await put(store, key, { first: NOW - 1000, last: NOW - 500 });
  if (later > 0)
    await put(
      store,
      { ...key, sender: 'ahead@example.net' },
      { first: NOW + later, last: NOW + later + 500 },
    );
  await store.close();
  const daemon = await Daemon.start(['--delay=1', `--dbdir=${dbdir}`]);
  const socket = { name: 'greyd', target: { host: '127.0.0.1', port: daemon.port } } as unknown as Socket;
  const words = `exec "$0" "$@" --dbdir='${dbdir}' --delay=1 --defaults=/dev/null`;
  return checkGreyd({
    sockets: [socket, socket],
    greylistAction: 'DEFER_IF_PERMIT',
    hasPrivacy: false,
    greyctl: ['sh', '-c', words, process.execPath, GREYCTL],
  });
}

test('mail that has passed before passes', async () => {
  expect(await checked('alice@example.net')).toContain(
    'mail that has passed before passes: 192.0.2.0 alice@example.net -> bob@example.org',
  );
});

test('what was seen while the clock was ahead is not asked about', async () => {
  expect((await checked('alice@example.net', 10_000)).join()).toContain(
    'passes: 192.0.2.0 alice@example.net',
  );
});

test('a triplet under a key for which greyd does not look is found out, although it would pass at a retry', async () => {
  // As if the mask of postgrey 1.36 were a part of the sender: in a request its digits become #.
  await expect(checked('24/alice@example.net')).rejects.toThrow(
    /^greyd defers mail that has passed before: /,
  );
});
