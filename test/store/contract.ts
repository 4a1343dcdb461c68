/**
 * The contract of every store. A store's test file calls this with a way to
 * make one.
 */
import { describe, expect, test } from 'vitest';
import type { ClientKey, Key, TripletKey } from '../../src/greylist/keys.ts';
import type { CleanableStore, ExpiryRule, RecordsOf, StepOutcome, Store } from '../../src/store/store.ts';

export function triplet(name: string): TripletKey {
  return {
    kind: 'triplet',
    clientNetwork: '192.0.2.0',
    sender: `${name}@example.net`,
    recipient: 'bob@example.org',
  };
}

export const CLIENT: ClientKey = { kind: 'client', clientAddress: '192.0.2.1' };

/** Saves one record under a key. */
export function put<const K extends Key>(store: Store, key: K, record: RecordsOf<[K]>[0]): Promise<void> {
  return store.update(
    [key] as const,
    () => ({ save: [record], result: undefined }) as StepOutcome<readonly [K], undefined>,
  );
}

/** Reads the records of some keys, as an update sees them. */
export function read<const K extends readonly Key[]>(store: Store, ...keys: K): Promise<RecordsOf<K>> {
  return store.update(keys, (before) => ({
    save: keys.map(() => undefined) as unknown as RecordsOf<K>,
    result: before,
  }));
}

const nothingExpired: ExpiryRule = { triplet: () => false, client: () => false };

async function clean(store: CleanableStore, kind: 'triplet' | 'client', rule: Partial<ExpiryRule>) {
  const slices = [];
  for await (const slice of store.clean(kind, { ...nothingExpired, ...rule })) slices.push(slice);
  return {
    slices,
    examined: slices.reduce((sum, slice) => sum + slice.examined, 0),
    deleted: slices.reduce((sum, slice) => sum + slice.deleted, 0),
  };
}

/** @param makeStore makes an empty store, and cleans up after the test */
export function storeContract(makeStore: () => Promise<Store>): void {
  describe('update', () => {
    test('shows the step what is known, saves what it returns, and gives back its result', async () => {
      const store = await makeStore();
      const result = await store.update([triplet('a'), CLIENT], (before) => ({
        save: [
          { first: 1, last: 2 },
          { count: 3, last: 4 },
        ],
        result: before,
      }));
      expect(result).toEqual([undefined, undefined]);
      expect(await read(store, CLIENT, triplet('a'), triplet('b'))).toEqual([
        { count: 3, last: 4 },
        { first: 1, last: 2 },
        undefined,
      ]);
    });

    test('leaves a record as it is where the step saves nothing', async () => {
      const store = await makeStore();
      await put(store, triplet('a'), { first: 1, last: 1 });
      await store.update([triplet('a'), triplet('b')], () => ({
        save: [undefined, { first: 2, last: 2 }],
        result: undefined,
      }));
      expect(await read(store, triplet('a'), triplet('b'))).toEqual([
        { first: 1, last: 1 },
        { first: 2, last: 2 },
      ]);
    });

    test('replaces what was there', async () => {
      const store = await makeStore();
      await put(store, CLIENT, { count: 1, last: 10 });
      await put(store, CLIENT, { count: 2, last: 5 });
      expect(await read(store, CLIENT)).toEqual([{ count: 2, last: 5 }]);
    });

    test('deletes what the step gives up, and lets those after it see that', async () => {
      const store = await makeStore();
      await put(store, triplet('a'), { first: 1, last: 1 });
      await put(store, CLIENT, { count: 1, last: 1 });
      const [, seen] = await Promise.all([
        store.update([triplet('a'), CLIENT, triplet('b')], () => ({
          save: [null, undefined, null],
          result: undefined,
        })),
        read(store, triplet('a')),
      ]);
      expect(seen).toEqual([undefined]);
      expect(await read(store, triplet('a'), CLIENT)).toEqual([undefined, { count: 1, last: 1 }]);
      await put(store, triplet('a'), { first: 2, last: 2 });
      expect(await read(store, triplet('a'))).toEqual([{ first: 2, last: 2 }]);
    });

    test('takes any number of keys, none included', async () => {
      const store = await makeStore();
      const keys = Array.from({ length: 50 }, (_, number) => triplet(`n${number}`));
      await store.update(keys, () => ({
        save: keys.map((_, number) => ({ first: number, last: number })),
        result: undefined,
      }));
      expect(await read(store, ...keys)).toEqual(keys.map((_, number) => ({ first: number, last: number })));
      expect(await store.update([], () => ({ save: [], result: 'done' }))).toBe('done');
    });

    test('lets no two updates act on the same state of a record', async () => {
      const store = await makeStore();
      const increment = () =>
        store.update([CLIENT], ([client]) => {
          const count = (client?.count ?? 0) + 1;
          return { save: [{ count, last: 0 }], result: count };
        });
      const results = await Promise.all(Array.from({ length: 100 }, increment));
      expect(results.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, index) => index + 1));
    });

    test('rejects with what a step throws, saves nothing of it, and goes on with the others', async () => {
      const store = await makeStore();
      const results = await Promise.allSettled([
        put(store, triplet('a'), { first: 1, last: 1 }),
        store.update([triplet('b')], () => {
          throw new Error('a bug in the step');
        }),
        put(store, triplet('c'), { first: 3, last: 3 }),
      ]);
      expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
      expect(results[1]).toMatchObject({ reason: { message: 'a bug in the step' } });
      expect(await read(store, triplet('a'), triplet('b'), triplet('c'))).toEqual([
        { first: 1, last: 1 },
        undefined,
        { first: 3, last: 3 },
      ]);
    });

    test('tells keys apart by every part of them, and bytes by bytes', async () => {
      const store = await makeStore();
      const base = triplet('a');
      const keys: TripletKey[] = [
        base,
        { ...base, clientNetwork: '192.0.3.0' },
        { ...base, sender: '' },
        { ...base, sender: 'A@example.net' },
        { ...base, recipient: 'a/b@example.org' },
        { ...base, sender: "' OR 1=1 --" },
        { ...base, sender: 'jürgen\0x@example.net' },
        { ...base, sender: 'jürgen\0y@example.net' },
      ];
      for (const [number, key] of keys.entries()) await put(store, key, { first: number, last: number });
      expect(await read(store, ...keys)).toEqual(keys.map((_, number) => ({ first: number, last: number })));
    });
  });

  test('records are read in the order of their keys, without an update', async () => {
    const store = await makeStore();
    await put(store, triplet('a'), { first: 1, last: 2 });
    await put(store, CLIENT, { count: 3, last: 4 });
    expect(await store.read([CLIENT, triplet('b'), triplet('a')])).toEqual([
      { count: 3, last: 4 },
      undefined,
      { first: 1, last: 2 },
    ]);
    expect(await store.read([])).toEqual([]);
  });

  test('counts of decisions add up, hour by hour', async () => {
    const store = await makeStore();
    expect(await store.decisions()).toEqual([]);
    const hour = Math.floor(Date.now() / 3_600_000) * 3600;
    const found = { hour, action: 'pass', reason: 'triplet found', waited: 0, count: 2 };
    const slow = { ...found, waited: 320, count: 1 };
    const early = { hour: hour - 3600, action: 'greylist (dry run)', reason: 'new', waited: 0, count: 3 };
    await store.addDecisions([found, slow, early], hour - 7200);
    await store.addDecisions([found], hour - 7200);
    const byCount = (await store.decisions()).toSorted((a, b) => b.count - a.count);
    expect(byCount).toEqual([{ ...found, count: 4 }, early, slow]);
    await store.addDecisions([], hour);
    expect((await store.decisions()).filter((count) => count.hour === hour)).toHaveLength(2);
    const entries = [];
    for (const kind of ['triplet', 'client'] as const)
      for await (const slice of store.entries(kind)) entries.push(...slice);
    expect(entries).toEqual([]);
  });

  test('a check changes nothing', async () => {
    const store = await makeStore();
    await put(store, triplet('a'), { first: 1, last: 2 });
    await store.check();
    expect(await read(store, triplet('a'))).toEqual([{ first: 1, last: 2 }]);
  });

  test('entries lists each record once, of the kind asked for, as far as keys can be read', async () => {
    const store = await makeStore();
    const keys = Array.from({ length: 3000 }, (_, number) => triplet(`n${number}`));
    await store.update(keys, () => ({
      save: keys.map((_, number) => ({ first: number, last: number })),
      result: undefined,
    }));
    await put(store, CLIENT, { count: 1, last: 2 });
    const listed = async (kind: Key['kind']) => {
      const entries = [];
      for await (const slice of store.entries(kind)) entries.push(...slice);
      return entries;
    };
    const triplets = keys.map((key, number) => [key, { first: number, last: number }]);
    expect((await listed('triplet')).toSorted(([, a], [, b]) => a.last - b.last)).toEqual(
      store.privacy ? [] : triplets,
    );
    expect(await listed('client')).toEqual(store.privacy ? [] : [[CLIENT, { count: 1, last: 2 }]]);
  });

  test('close waits for the updates under way', async () => {
    const store = await makeStore();
    const update = put(store, CLIENT, { count: 1, last: 1 });
    await store.close();
    await expect(update).resolves.toBeUndefined();
  });
}

/** The further contract of a store whose records are not deleted by others, and which counts them. */
export function cleanableStoreContract(makeStore: () => Promise<CleanableStore>): void {
  storeContract(makeStore);

  test('hours that begin too early are forgotten', async () => {
    const store = await makeStore();
    const counts = [3600, 7200].map((hour) => ({ hour, action: 'pass', reason: 'new', waited: 0, count: 1 }));
    await store.addDecisions(counts, 3600);
    expect((await store.decisions()).map(({ hour }) => hour)).toEqual([3600, 7200]);
    await store.addDecisions([], 3601);
    expect((await store.decisions()).map(({ hour }) => hour)).toEqual([7200]);
  });

  test('tells the step how many triplets are stored', async () => {
    const store = await makeStore();
    const stored = () => store.update([], (_, { triplets }) => ({ save: [], result: triplets }));
    expect(await stored()).toBe(0);
    await put(store, triplet('a'), { first: 1, last: 1 });
    await put(store, triplet('b'), { first: 1, last: 1 });
    await put(store, triplet('b'), { first: 2, last: 2 });
    await put(store, CLIENT, { count: 1, last: 1 });
    await store.check();
    expect(await stored()).toBe(2);
    await clean(store, 'triplet', { triplet: ({ first }) => first === 1 });
    expect(await stored()).toBe(1);
  });

  describe('clean', () => {
    test('deletes what is expired, keeps the rest, and counts both', async () => {
      const store = await makeStore();
      const keys = Array.from({ length: 1000 }, (_, number) => triplet(`n${number}`));
      await store.update(keys, () => ({
        save: keys.map((_, number) => ({ first: number, last: number })),
        result: undefined,
      }));
      await put(store, CLIENT, { count: 1, last: 1 });

      const walk = await clean(store, 'triplet', {
        triplet: ({ first }) => first % 2 === 1,
        client: () => true,
      });
      expect(walk).toMatchObject({ examined: 1000, deleted: 500 });
      expect(await read(store, ...keys)).toEqual(
        keys.map((_, number) => (number % 2 === 1 ? undefined : { first: number, last: number })),
      );
      expect(await read(store, CLIENT)).toEqual([{ count: 1, last: 1 }]);
    });

    test('of one kind leaves the other alone', async () => {
      const store = await makeStore();
      await put(store, triplet('a'), { first: 1, last: 1 });
      await put(store, CLIENT, { count: 1, last: 1 });
      expect(
        await clean(store, 'client', { triplet: () => true, client: ({ count }) => count === 1 }),
      ).toMatchObject({ examined: 1, deleted: 1 });
      expect(await read(store, triplet('a'), CLIENT)).toEqual([{ first: 1, last: 1 }, undefined]);
    });

    test('works while updates come in between its slices', async () => {
      const store = await makeStore();
      const keys = Array.from({ length: 1000 }, (_, number) => triplet(`n${number}`));
      await store.update(keys, () => ({ save: keys.map(() => ({ first: 1, last: 1 })), result: undefined }));
      const seen = triplet('n999');
      let slices = 0;
      for await (const _ of store.clean('triplet', {
        ...nothingExpired,
        triplet: ({ last }) => last === 1,
      })) {
        // Before the walk comes to it.
        if (slices === 0) await put(store, seen, { first: 1, last: 2 });
        slices += 1;
      }
      expect(slices).toBeGreaterThan(1);
      expect(await read(store, triplet('n0'), seen)).toEqual([undefined, { first: 1, last: 2 }]);
    });
  });
}
