/**
 * The possible answers of a single greyd: requests that come at the same moment may be decided in any
 * order, so there is a world for each order that explains the answers. The rule is the daemon's own, over
 * records in memory. There being no world left, the answers are wrong.
 */
import { decide, type GreylistRules } from '../../src/greylist/decision.ts';
import type { ClientRecord, TripletRecord } from '../../src/greylist/records.ts';

export interface Asked {
  readonly triplet: string;
  readonly client: string;
  readonly action: string;
}

/** Records by their names, of a few clients and their triplets. */
export interface World {
  readonly triplets: Readonly<Record<string, TripletRecord>>;
  readonly clients: Readonly<Record<string, ClientRecord>>;
}

export const NOTHING: World = { triplets: {}, clients: {} };

/** How a verdict is told to the client: `DEFER seconds`, `DELAYED seconds` for a first success, `DUNNO`. */
function actionOf(verdict: ReturnType<typeof decide>['verdict']): string {
  if (verdict.action === 'greylist') return `DEFER ${verdict.retryAfter}`;
  const delayed = verdict.reason === 'triplet found' ? verdict.delayed : undefined;
  return delayed === undefined ? 'DUNNO' : `DELAYED ${delayed}`;
}

/** The worlds after requests of one moment, of each world before; none if nothing explains their answers. */
export function after(
  worlds: readonly World[],
  asked: readonly Asked[],
  rules: GreylistRules,
  now: number,
): World[] {
  const found = new Map<string, World>();
  for (const world of worlds) search(world, asked, rules, now, found);
  return [...found.values()];
}

function search(
  world: World,
  asked: readonly Asked[],
  rules: GreylistRules,
  now: number,
  found: Map<string, World>,
): void {
  if (asked.length === 0) {
    found.set(textOf(world), world);
    return;
  }
  for (const [index, one] of asked.entries()) {
    // Requests that are the same are interchangeable.
    if (asked.findIndex((other) => isSame(other, one)) < index) continue;
    const { triplets, clients } = world;
    const { verdict, save } = decide(
      { triplet: triplets[one.triplet], client: clients[one.client] },
      rules,
      now,
    );
    if (actionOf(verdict) !== one.action) continue;
    const next = {
      triplets: save.triplet ? { ...triplets, [one.triplet]: save.triplet } : triplets,
      clients: save.client ? { ...clients, [one.client]: save.client } : clients,
    };
    search(next, asked.toSpliced(index, 1), rules, now, found);
  }
}

function isSame(a: Asked, b: Asked): boolean {
  return a.triplet === b.triplet && a.client === b.client && a.action === b.action;
}

function textOf({ triplets, clients }: World): string {
  const sorted = (records: object) => Object.entries(records).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([sorted(triplets), sorted(clients)]);
}
