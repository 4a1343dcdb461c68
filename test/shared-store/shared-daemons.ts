/**
 * Daemons that share a store, and a look into it beside them.
 */
import { onTestFinished } from 'vitest';
import { openGivenShared } from '../../src/ctl/records.ts';
import { parseRedisUrl } from '../../src/options/store-url.ts';
import type { Entry, Store } from '../../src/store/store.ts';
import { Daemon, temporaryDirectory } from '../support/daemon.ts';

export const SHARED_STORE_NEEDS = { programs: ['redis-server', 'redis-cli'] };

export function startDaemon(url: string, ...args: readonly string[]): Promise<Daemon> {
  return Daemon.start([`--store=${url}`, ...args]);
}

/** The records as a program beside the daemons sees them. */
export async function openBeside(url: string): Promise<Store> {
  const store = await openGivenShared(
    { store: parseRedisUrl(url), storePrefix: 'greyd:', dbdir: temporaryDirectory() },
    { storePassword: undefined, uptime: () => performance.now() },
  );
  if (store === undefined) throw new Error('no shared store');
  onTestFinished(() => store.close());
  return store;
}

export async function entriesOf(store: Store, kind: 'triplet' | 'client'): Promise<Entry[]> {
  const entries: Entry[] = [];
  for await (const slice of store.entries(kind)) entries.push(...slice);
  return entries;
}
