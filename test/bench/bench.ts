/**
 * `npm run bench`: greyd, with its own database and on Redis, beside postgrey, sqlgrey and a server that does nothing, under the same load, in
 * one go; or greyd with --metrics beside one without. What it measures stands in plan.ts, how in turns.ts and slice.ts.
 */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { makeDirectory, NAMES, type Name, Running, whyAbsent } from './contenders.ts';
import { watchExpiry } from './expiry.ts';
import { fill } from './fill.ts';
import { measureCommands } from './greyctl.ts';
import { type Cell, cellName, type Group, LONG, METRICS, type Plan, PROFILES, SHORT } from './plan.ts';
import { machine, type Report, reportText } from './report.ts';
import { Load, measureCell, order } from './turns.ts';

const HELP = `Usage: npm run bench -- [OPTION...]

  --long         all databases, all numbers of connections, and expiry; takes half an hour and 4 GB of disk
  --metrics      what --metrics of greyd costs, and nothing else; takes four minutes
  --profiles     what --profile=smart of greyd costs, and nothing else; takes three minutes
  --only=WORDS   only what has all of these words in its name, as in "new, 100 connections", "expiry"
  --dir=PATH     where the databases stand meanwhile, on a real disk; default: ${tmpdir()}
  --greyctl      every command of greyctl on a million triplets, and what it does to a greyd beside it, instead
  --json=FILE    writes all figures there too
`;

const { values: options } = parseArgs({
  options: {
    long: { type: 'boolean', default: false },
    metrics: { type: 'boolean', default: false },
    profiles: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
    dir: { type: 'string', default: tmpdir() },
    greyctl: { type: 'boolean', default: false },
    json: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

/** Before the first figure: a program that runs for months has met such traffic before. */
const WARM_UP: Cell = { traffic: 'new', connections: 100 };
const WARM_UP_TIMES = { warmUpSeconds: 0, seconds: 2 };

class Bench {
  readonly #plan: Plan;
  readonly #folder: string;
  readonly #load = new Load();
  readonly #present: readonly Name[];
  readonly report: Report;

  constructor(plan: Plan, folder: string) {
    this.#plan = plan;
    this.#folder = folder;
    this.#present = NAMES.filter((name) => whyAbsent(name) === undefined);
    this.report = {
      machine: machine(folder),
      cells: [],
      databases: [],
      expiry: [],
      commands: [],
      notRun: [],
    };
    this.report.notRun.push(...NAMES.flatMap((name) => whyAbsent(name) ?? []));
  }

  async run(): Promise<void> {
    for (const group of this.#plan.groups) {
      const cells = group.cells.filter((cell) => isWanted(cellName(group, cell)));
      if (cells.length === 0) continue;
      await this.#onDatabases(group, cells);
    }
    if (!this.#plan.expiry || !isWanted('expiry')) return;
    for (const name of this.#present.filter((one) => one === 'greyd' || one === 'postgrey')) {
      await this.#attempt(`expiry, ${name}`, async () => {
        const folder = this.#directory(name, 'expiry');
        this.report.expiry.push(await watchExpiry(name, folder, this.#load, tell));
      });
    }
  }

  /** Of greyctl. */
  async runCommands(): Promise<void> {
    this.report.commands.push(...(await measureCommands(this.#folder, this.#load, isWanted, tell)));
  }

  end(): void {
    this.#load.end();
  }

  async #onDatabases(group: Group, cells: readonly Cell[]): Promise<void> {
    const running: Running[] = [];
    try {
      for (const name of group.programs.filter((one) => this.#present.includes(one))) {
        await this.#attempt(`${name} on ${group.triplets} triplets`, async () => {
          running.push(await this.#start(name, group));
        });
      }
      for (const cell of cells) await this.#measure(group, cell, running);
    } finally {
      for (const program of running) await program.stop();
    }
  }

  /** Fills a new database, and starts a program on it and has it run itself warm. */
  async #start(name: Name, { triplets }: Group): Promise<Running> {
    const dbdir = this.#directory(name, `${triplets}`);
    const begin = performance.now();
    let bytes: number | undefined;
    if (triplets > 0) {
      bytes = await fill(name, dbdir, { triplets, expired: 0 }, (done) => {
        if (done % (triplets / 10) === 0) tell(`${name}: ${done} triplets`);
      });
    }
    const fillSeconds = (performance.now() - begin) / 1000;
    const program = await Running.start(name, dbdir);
    this.report.databases.push({
      name,
      triplets,
      fillSeconds,
      bytesPerTriplet: bytes && bytes / triplets,
      startMs: program.startMs,
    });
    const { answers, seconds } = await this.#load.run(order(program, WARM_UP, triplets, WARM_UP_TIMES));
    tell(
      `${name} on ${triplets} triplets: started in ${Math.round(program.startMs)} ms, ${Math.round(answers / seconds)}/s at first`,
    );
    return program;
  }

  async #measure(group: Group, cell: Cell, running: readonly Running[]): Promise<void> {
    const name = cellName(group, cell);
    await this.#attempt(name, async () => {
      const figures = await measureCell(this.#load, cell, group.triplets, running, this.#plan, (text) =>
        tell(`${name}: ${text}`),
      );
      this.report.cells.push({ triplets: group.triplets, ...cell, figures });
    });
  }

  #directory(name: Name, what: string): string {
    const path = join(this.#folder, `${what}-${name}`);
    makeDirectory(name, path);
    return path;
  }

  /** What cannot be run is told, and the others go on. */
  async #attempt(what: string, action: () => Promise<void>): Promise<void> {
    try {
      await action();
    } catch (error) {
      const reason = `${what}: ${error instanceof Error ? error.message : String(error)}`;
      tell(reason);
      this.report.notRun.push(reason);
    }
  }
}

function planOf({ metrics, profiles, long }: typeof options): Plan {
  if (metrics) return METRICS;
  if (profiles) return PROFILES;
  return long ? LONG : SHORT;
}

function isWanted(name: string): boolean {
  return options.only.split(' ').every((word) => name.includes(word));
}

function tell(text: string): void {
  process.stderr.write(`[${Math.round(performance.now() / 1000)} s] ${text}\n`);
}

async function main(): Promise<void> {
  const folder = mkdtempSync(join(options.dir, 'greyd-bench-'));
  chmodSync(folder, 0o755);
  const bench = new Bench(planOf(options), folder);
  try {
    await (options.greyctl ? bench.runCommands() : bench.run());
  } finally {
    bench.end();
    rmSync(folder, { recursive: true, force: true });
  }
  process.stdout.write(reportText(bench.report));
  if (options.json !== undefined) {
    writeFileSync(options.json, `${JSON.stringify(bench.report, undefined, 2)}\n`);
  }
}

if (options.help) process.stdout.write(HELP);
else await main();
