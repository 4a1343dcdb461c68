/**
 * Has programs under load in turn, a slice each, round after round, so that what the machine does beside
 * them hits all alike; and makes one figure of the slices of each.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { memoryOf } from '../support/process-status.ts';
import type { Name, Running } from './contenders.ts';
import { type Cell, type Plan, TRAFFIC } from './plan.ts';
import type { LoadOrder, LoadResult } from './slice.ts';

/** Of one program in one cell: medians of its slices, and the worst of all. */
export interface Figures {
  /** Answers in a second. */
  readonly rate: number;
  /** Milliseconds. */
  readonly latency: LoadResult['latency'];
  /** The most memory that it ever had, in bytes. */
  readonly memory: number;
  /** Its rate by that of another in the same round, the median of the rounds. */
  readonly ratioTo: Readonly<Partial<Record<Name, number>>>;
  /** Answers that were not right, by what they were. */
  readonly wrong: LoadResult['wrong'];
}

/** The load generator. */
export class Load {
  readonly #process: ChildProcess = fork(fileURLToPath(new URL('load.js', import.meta.url)));

  async run(order: LoadOrder): Promise<LoadResult> {
    this.#process.send(order);
    const [result] = (await once(this.#process, 'message')) as [LoadResult];
    return result;
  }

  /** Ends what runs; its result comes as ever. */
  stop(): void {
    this.#process.send('stop');
  }

  end(): void {
    this.#process.disconnect();
  }
}

/** New triplets have numbers above those of all databases, and no number is given out twice. */
let nextNew = 1_000_000_000;

/** The order for one slice, of the next new triplets. */
export function order(
  { port, name }: Running,
  { traffic, connections }: Pick<Cell, 'traffic' | 'connections'>,
  times: Pick<LoadOrder, 'warmUpSeconds' | 'seconds'> & Partial<Pick<LoadOrder, 'requestsPerSecond'>>,
): LoadOrder {
  const firstNew = nextNew;
  nextNew += 10_000_000;
  return {
    port,
    connections,
    mixture: TRAFFIC[traffic],
    firstNew,
    requestsPerSecond: undefined,
    checksAnswers: name !== 'null',
    ...times,
  };
}

/** @param tell is told of each slice */
export async function measureCell(
  load: Load,
  cell: Cell,
  running: readonly Running[],
  { rounds, warmUpSeconds, seconds }: Plan,
  tell: (text: string) => void,
): Promise<Partial<Record<Name, Figures>>> {
  const slices = new Map<Running, LoadResult[]>(running.map((program) => [program, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const [program, results] of slices) {
      const result = await load.run(order(program, cell, { warmUpSeconds, seconds }));
      results.push(result);
      tell(`${program.name} ${Math.round(rateOf(result))}/s`);
    }
  }
  return Object.fromEntries([...slices].map(([{ name, pid }, own]) => [name, figures(own, slices, pid)]));
}

function figures(own: readonly LoadResult[], all: ReadonlyMap<Running, LoadResult[]>, pid: number): Figures {
  const latencies = own.map(({ latency }) => latency);
  const rates = own.map(rateOf);
  const ratioTo = [...all].map(([{ name }, results]) => [
    name,
    median(results.map((result, round) => (rates[round] ?? Number.NaN) / rateOf(result))),
  ]);
  return {
    rate: median(rates),
    latency: {
      p50: median(latencies.map(({ p50 }) => p50)),
      p99: median(latencies.map(({ p99 }) => p99)),
      p999: median(latencies.map(({ p999 }) => p999)),
      worst: Math.max(...latencies.map(({ worst }) => worst)),
    },
    memory: memoryOf(pid, 'VmHWM'),
    ratioTo: Object.fromEntries(ratioTo),
    wrong: sum(own.map(({ wrong }) => wrong)),
  };
}

function rateOf({ answers, seconds }: LoadResult): number {
  return answers / seconds;
}

function median(numbers: readonly number[]): number {
  const ascending = numbers.toSorted((a, b) => a - b);
  const middle = (ascending.length - 1) / 2;
  return ((ascending[Math.floor(middle)] ?? Number.NaN) + (ascending[Math.ceil(middle)] ?? Number.NaN)) / 2;
}

function sum(counts: readonly LoadResult['wrong'][]): LoadResult['wrong'] {
  const all: Record<string, number> = {};
  for (const [what, count] of counts.flatMap((one) => Object.entries(one)))
    all[what] = (all[what] ?? 0) + count;
  return all;
}
