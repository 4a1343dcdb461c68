/**
 * What is measured, in the short form and in the long one.
 */
import { NAMES, type Name } from './contenders.ts';
import type { Mixture } from './traffic.ts';

export const TRAFFIC = {
  new: { new: 10, known: 0, whitelisted: 0 },
  known: { new: 0, known: 10, whitelisted: 0 },
  mix: { new: 7, known: 2, whitelisted: 1 },
} as const satisfies Record<string, Mixture>;

export type TrafficName = keyof typeof TRAFFIC;

/** One figure of each program. */
export interface Cell {
  readonly traffic: TrafficName;
  readonly connections: number;
  readonly programs: readonly Name[];
}

/** Cells on databases of one size. */
export interface Group {
  /** Triplets in the database beside those that are known; 0: each cell has a new one. */
  readonly triplets: number;
  readonly cells: readonly Cell[];
}

export interface Plan {
  readonly groups: readonly Group[];
  /** Each program has its turn so often; the median counts. */
  readonly rounds: number;
  readonly warmUpSeconds: number;
  readonly seconds: number;
  /** Whether a million records are watched while half of them expire. */
  readonly expiry: boolean;
}

const MILLION = 1_000_000;
const CONNECTIONS = [1, 10, 100, 1000];

const cell = (traffic: TrafficName, connections: number, programs: readonly Name[] = NAMES): Cell => ({
  traffic,
  connections,
  programs,
});
const cells = (connections: readonly number[], programs: readonly Name[] = NAMES): Cell[] =>
  (Object.keys(TRAFFIC) as TrafficName[]).flatMap((traffic) =>
    connections.map((count) => cell(traffic, count, programs)),
  );

/** Under three minutes: what is told first. */
export const SHORT: Plan = {
  groups: [
    {
      triplets: 0,
      cells: [
        ...[1, 10, 100, 1000].map((connections) => cell('new', connections)),
        cell('known', 1),
        cell('known', 100),
        cell('mix', 100),
      ],
    },
  ],
  rounds: 2,
  warmUpSeconds: 0.5,
  seconds: 1,
  expiry: false,
};

/** All of it. */
export const LONG: Plan = {
  groups: [
    { triplets: 0, cells: cells(CONNECTIONS) },
    { triplets: MILLION, cells: cells([1, 100]) },
    { triplets: 10 * MILLION, cells: cells([1, 100]) },
  ],
  rounds: 3,
  warmUpSeconds: 1,
  seconds: 3,
  expiry: true,
};

/** `new, 100 connections, empty database` */
export function cellName({ triplets }: Group, { traffic, connections }: Cell): string {
  const database = triplets === 0 ? 'empty database' : `${triplets} triplets`;
  return `${traffic}, ${connections} connections, ${database}`;
}
