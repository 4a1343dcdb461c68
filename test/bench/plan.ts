/**
 * What is measured: in the short form, in the long one, and of --metrics.
 */
import { NAMES, type Name } from './contenders.ts';
import type { Mixture } from './traffic.ts';

export const TRAFFIC = {
  new: { new: 10, known: 0, recent: 0, whitelisted: 0 },
  known: { new: 0, known: 10, recent: 0, whitelisted: 0 },
  recent: { new: 0, known: 0, recent: 10, whitelisted: 0 },
  halves: { new: 5, known: 5, recent: 0, whitelisted: 0 },
  mix: { new: 7, known: 2, recent: 0, whitelisted: 1 },
} as const satisfies Record<string, Mixture>;

export type TrafficName = keyof typeof TRAFFIC;

/** Figures of each program, side by side. */
export interface Cell {
  readonly traffic: TrafficName;
  readonly connections: number;
  /** All connections together; undefined: each asks again when it has its answer. */
  readonly requestsPerSecond?: number;
}

/** Cells on databases of one size. */
export interface Group {
  /** In the database at the beginning; what is new in one cell is there in the next one. */
  readonly triplets: number;
  readonly programs: readonly Name[];
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

const cells = (traffic: readonly TrafficName[], connections: readonly number[]): Cell[] =>
  traffic.flatMap((one) => connections.map((count) => ({ traffic: one, connections: count })));

/** As busy as a large site, which leaves every program idle for most of the time. */
const PACED: Cell = { traffic: 'mix', connections: 100, requestsPerSecond: 500 };

/** All but greyd in another form, which has a plan of its own. */
const RIVALS = NAMES.filter((name) => name !== 'greyd-metrics' && name !== 'greyd-smart');

/** Under three minutes: what is told first. */
export const SHORT: Plan = {
  groups: [
    { triplets: 0, programs: RIVALS, cells: cells(['new'], [1, 10, 100, 1000]) },
    {
      triplets: 200_000,
      programs: RIVALS.filter((name) => name !== 'greyd-redis'),
      cells: [...cells(['known', 'recent'], [1, 100]), ...cells(['mix'], [100]), PACED],
    },
  ],
  rounds: 2,
  warmUpSeconds: 0.3,
  seconds: 1,
  expiry: false,
};

const ALL: readonly TrafficName[] = ['new', 'known', 'recent', 'mix'];

/** All of it. */
export const LONG: Plan = {
  groups: [
    { triplets: 0, programs: RIVALS, cells: cells(['new'], [1, 10, 100, 1000]) },
    { triplets: MILLION, programs: RIVALS, cells: [...cells(ALL, [1, 10, 100, 1000]), PACED] },
    // sqlgrey has a third of postgrey's rate on any of the others; to fill a third database takes minutes.
    {
      triplets: 10 * MILLION,
      programs: ['greyd', 'postgrey', 'null'],
      cells: cells(ALL, [1, 10, 100, 1000]),
    },
  ],
  rounds: 3,
  warmUpSeconds: 0.3,
  seconds: 1.5,
  expiry: true,
};

const WITH_AND_WITHOUT_METRICS = ['greyd', 'greyd-metrics'] as const;

/**
 * What --metrics costs is less than by what one round differs from another: hence many short ones, four
 * minutes. Metrics are read in each, twenty times as often as by Prometheus.
 */
export const METRICS: Plan = {
  groups: [
    { triplets: 0, programs: WITH_AND_WITHOUT_METRICS, cells: cells(['new'], [100]) },
    { triplets: 200_000, programs: WITH_AND_WITHOUT_METRICS, cells: cells(['recent'], [100]) },
  ],
  rounds: 100,
  warmUpSeconds: 0.1,
  seconds: 0.5,
  expiry: false,
};

const WITH_AND_WITHOUT_PROFILE = ['greyd', 'greyd-smart'] as const;

/** What --profile=smart costs: for each new mail another record, and a look at the name of the client. Three minutes. */
export const PROFILES: Plan = {
  groups: [
    { triplets: 0, programs: WITH_AND_WITHOUT_PROFILE, cells: cells(['new'], [1, 100]) },
    {
      triplets: 200_000,
      programs: WITH_AND_WITHOUT_PROFILE,
      cells: cells(['new', 'recent', 'mix'], [100]),
    },
  ],
  rounds: 12,
  warmUpSeconds: 0.3,
  seconds: 1,
  expiry: false,
};

/** `mix, 100 connections, 500 requests/s, 200000 triplets` */
export function cellName({ triplets }: Group, { traffic, connections, requestsPerSecond }: Cell): string {
  const database = `${triplets} triplets`;
  const pace = requestsPerSecond === undefined ? '' : `, ${requestsPerSecond} requests/s`;
  return `${traffic}, ${connections} connections${pace}, ${database}`;
}
