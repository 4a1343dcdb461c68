/**
 * Has programs under load in turn, a slice each, round after round, so that what the machine does beside
 * them hits all alike; and makes one figure of the slices of each.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { memoryOf, processorTimeOf } from '../support/process-status.ts';
import type { Name, Running } from './contenders.ts';
import type { LoadReply, LoadSignal } from './load.ts';
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
  /** Time of processors for each request, in seconds: of the process alone, not of servers beside it. */
  readonly processorTime: number;
  /** Its rate by that of another in the same round, the median of the rounds. */
  readonly ratioTo: Readonly<Partial<Record<Name, number>>>;
  /** Answers that were not right, by what they were. */
  readonly wrong: LoadResult['wrong'];
}

/** One slice, and the time of processors that the program had meanwhile, in seconds. */
interface Turn extends LoadResult {
  readonly processorTime: number;
}

/** The load generator. */
export class Load {
  readonly #process: ChildProcess = fork(fileURLToPath(new URL('load.js', import.meta.url)));
  readonly #ended = new AbortController();

  constructor() {
    this.#process.once('exit', () => this.#ended.abort());
  }

  /** @throws (rejects) if the program does not listen */
  async run(order: LoadOrder): Promise<LoadResult> {
    this.#process.send(order);
    const [reply] = (await once(this.#process, 'message', { signal: this.#ended.signal })) as [LoadReply];
    if ('error' in reply) throw new Error(reply.error);
    return reply;
  }

  /** To the slice that runs. */
  signal(signal: LoadSignal): void {
    this.#process.send(signal);
  }

  end(): void {
    this.#process.disconnect();
  }
}

/** New triplets have numbers above those of all databases, and none is given out twice; there are 2^32 of them. */
let nextNew = 1_000_000_000;
const NEW_OF_A_SLICE = 1_000_000;

/** The order for one slice. `known` begins where the slice before has ended. */
export function order(
  { port, name, asked }: Running,
  { traffic, connections, requestsPerSecond }: Cell,
  triplets: number,
  times: Pick<LoadOrder, 'warmUpSeconds' | 'seconds'>,
): LoadOrder {
  const start = { new: nextNew, known: asked };
  nextNew += NEW_OF_A_SLICE;
  const mixture = TRAFFIC[traffic];
  return {
    port,
    connections,
    mixture,
    // The null server has all that there are.
    triplets: name === 'null' ? nextNew : triplets,
    start,
    requestsPerSecond,
    checksAnswers: name !== 'null',
    ...times,
  };
}

/** @param tell is told of each slice */
export async function measureCell(
  load: Load,
  cell: Cell,
  triplets: number,
  running: readonly Running[],
  { rounds, warmUpSeconds, seconds }: Plan,
  tell: (text: string) => void,
): Promise<Partial<Record<Name, Figures>>> {
  const slices = new Map<Running, Turn[]>(running.map((program) => [program, []]));
  for (let round = 0; round < rounds; round += 1) {
    // Each follows each other one in turn: who is next has to do with what the one before leaves to the disk.
    const turns = [...slices];
    turns.push(...turns.splice(0, round % turns.length));
    for (const [program, results] of turns) {
      const own = order(program, cell, triplets, { warmUpSeconds, seconds });
      const before = processorTimeOf(program.pid);
      const result = await program.under(() => load.run(own));
      program.asked += result.asked.known;
      results.push({ ...result, processorTime: processorTimeOf(program.pid) - before });
      tell(`${program.name} ${Math.round(rateOf(result))}/s`);
    }
  }
  return Object.fromEntries([...slices].map(([{ name, pid }, own]) => [name, figures(own, slices, pid)]));
}

function figures(own: readonly Turn[], all: ReadonlyMap<Running, Turn[]>, pid: number): Figures {
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
      p90: median(latencies.map(({ p90 }) => p90)),
      p99: median(latencies.map(({ p99 }) => p99)),
      p999: median(latencies.map(({ p999 }) => p999)),
      worst: Math.max(...latencies.map(({ worst }) => worst)),
    },
    memory: memoryOf(pid, 'VmHWM'),
    processorTime: total(own.map(({ processorTime }) => processorTime)) / total(own.map(requestsOf)),
    ratioTo: Object.fromEntries(ratioTo),
    wrong: sum(own.map(({ wrong }) => wrong)),
  };
}

function total(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0);
}

/** Those of the warm-up too. */
function requestsOf({ asked }: LoadResult): number {
  return total(Object.values(asked));
}

function rateOf({ answers, seconds }: LoadResult): number {
  return answers / seconds;
}

export function median(numbers: readonly number[]): number {
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
