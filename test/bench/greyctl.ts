/**
 * `npm run bench -- --greyctl`: every command of greyctl on a database with a million triplets.
 *
 *   alone    how long until its first output, through a pipe and on a terminal, where progress counts as such;
 *            how long until its end; how much memory it takes at most
 *   beside   what it does to a greyd on the same database that answers 1,000 requests a second meanwhile, half
 *            of them new, half known: turns with the command and without it alternate, and each with it is compared
 *            with the one beside it. A command that ends before its turn does is run again, at once.
 *
 * Known limit: the loader that tells the memory is part of what is measured, some milliseconds.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import { addManyRecords } from '../support/million.ts';
import { pathOf } from '../support/requirements.ts';
import { FORMS, type Form, type Site, startRedis, wordsOf, writeInputs } from './commands.ts';
import { makeDirectory, Running } from './contenders.ts';
import { fill } from './fill.ts';
import type { Cell } from './plan.ts';
import type { LoadResult } from './slice.ts';
import { type Load, median, order } from './turns.ts';

const ROOT = new URL('../../../', import.meta.url);
const GREYCTL = fileURLToPath(new URL('bin/greyctl.js', ROOT));
const MEMORY_TELLER = fileURLToPath(new URL('test/support/tell-peak-memory.mjs', ROOT));

/** Half of them are those of the traffic. */
const TRIPLETS = 1_000_000;
const CLIENTS = 50_000;
const HOURS = 35 * 24;

const CELL: Cell = { traffic: 'halves', connections: 50, requestsPerSecond: 1000 };
const ALONE_RUNS = 3;
const ROUNDS = 6;
const TIMES = { warmUpSeconds: 0.3, seconds: 1 };

/** Of a command that is alone. Milliseconds and bytes, medians. */
export interface Alone {
  readonly firstMs: number;
  /** undefined: there is no script(1), which gives it a terminal. */
  readonly firstOnTerminalMs: number | undefined;
  readonly totalMs: number;
  readonly memory: number;
}

/** A greyd with the command beside it, and without: of each, the median of the turns. */
export interface Beside {
  readonly withIt: Pick<LoadResult['latency'], 'p50' | 'p90'>;
  readonly without: Pick<LoadResult['latency'], 'p50' | 'p90'>;
  /** The median of the ratios of neighbouring turns: with the command by without. */
  readonly ratio: { readonly rate: number; readonly p50: number; readonly p90: number };
  readonly wrong: LoadResult['wrong'];
}

export interface CommandReport {
  readonly name: string;
  readonly alone: Alone;
  readonly beside: Beside;
}

/**
 * @param folder for the database, on a real disk
 * @param isWanted by the name of a form
 * @param tell is told what is under way
 */
export async function measureCommands(
  folder: string,
  load: Load,
  isWanted: (name: string) => boolean,
  tell: (text: string) => void,
): Promise<CommandReport[]> {
  const dbdir = join(folder, 'million');
  makeDirectory('greyd', dbdir);
  await fillDatabase(dbdir);
  tell(`${TRIPLETS} triplets are there`);
  makeDirectory('greyd', join(folder, 'redis'));
  const redis = await startRedis(join(folder, 'redis'));
  const daemon = await Running.start('greyd', dbdir);
  try {
    const site: Site = { dbdir, port: daemon.port, folder, redis };
    await writeInputs(site);
    await load.run(order(daemon, CELL, TRIPLETS / 2, TIMES));
    const reports: CommandReport[] = [];
    for (const form of FORMS.filter(({ name }) => isWanted(name))) {
      if (form.needsRedis && redis === undefined) {
        tell(`${form.name}: not run, there is no redis-server`);
        continue;
      }
      const command = new MeasuredCommand(form, site);
      const alone = await command.alone();
      tell(
        `${form.name}: first output after ${Math.round(alone.firstMs)} ms, ${Math.round(alone.totalMs)} ms`,
      );
      const beside = await command.beside(load, daemon);
      tell(`${form.name}: × ${beside.ratio.p50.toFixed(2)}, × ${beside.ratio.p90.toFixed(2)}`);
      reports.push({ name: form.name, alone, beside });
    }
    return reports;
  } finally {
    await daemon.stop();
    await redis?.stop();
  }
}

async function fillDatabase(dbdir: string): Promise<void> {
  await fill('greyd', dbdir, { triplets: TRIPLETS / 2, expired: 0 }, () => {});
  const file = new Database(join(dbdir, 'greyd.db'));
  const now = Math.floor(Date.now() / 1000);
  addManyRecords(file, { triplets: TRIPLETS / 2, clients: CLIENTS, hours: HOURS, now });
  file.close();
}

class MeasuredCommand {
  readonly #form: Form;
  readonly #site: Site;
  #runs = 0;

  constructor(form: Form, site: Site) {
    this.#form = form;
    this.#site = site;
  }

  async alone(): Promise<Alone> {
    const count = this.#form.isLong ? 1 : ALONE_RUNS;
    const runs: Awaited<ReturnType<typeof watch>>[] = [];
    const onTerminal: number[] = [];
    for (let run = 0; run < count; run += 1) {
      runs.push(await watch(this.#start('pipe')));
      if (!this.#form.isLong && pathOf('script') !== undefined)
        onTerminal.push((await watch(this.#start('terminal'), { untilFirst: true })).firstMs);
    }
    return {
      firstMs: median(runs.map(({ firstMs }) => firstMs)),
      firstOnTerminalMs: onTerminal.length > 0 ? median(onTerminal) : undefined,
      totalMs: median(runs.map(({ totalMs }) => totalMs)),
      memory: Math.max(...runs.map(({ memory }) => memory)),
    };
  }

  async beside(load: Load, daemon: Running): Promise<Beside> {
    const turns: { withIt: LoadResult; without: LoadResult }[] = [];
    const wrong: Record<string, number> = {};
    const turn = async () => {
      const result = await load.run(order(daemon, CELL, TRIPLETS / 2, TIMES));
      daemon.asked += result.asked.known;
      for (const [what, count] of Object.entries(result.wrong)) wrong[what] = (wrong[what] ?? 0) + count;
      return result;
    };
    for (let round = 0; round < ROUNDS; round += 1) {
      if (round % 2 === 0) {
        const without = await turn();
        turns.push({ without, withIt: await this.#during(turn) });
      } else {
        const withIt = await this.#during(turn);
        turns.push({ withIt, without: await turn() });
      }
    }
    const middle = (what: 'withIt' | 'without') => ({
      p50: median(turns.map((one) => one[what].latency.p50)),
      p90: median(turns.map((one) => one[what].latency.p90)),
    });
    const ratio = (of: (result: LoadResult) => number) =>
      median(turns.map(({ withIt, without }) => of(withIt) / of(without)));
    return {
      withIt: middle('withIt'),
      without: middle('without'),
      ratio: {
        rate: ratio(({ answers, seconds }) => answers / seconds),
        p50: ratio(({ latency }) => latency.p50),
        p90: ratio(({ latency }) => latency.p90),
      },
      wrong,
    };
  }

  /** Runs the command again and again while `action` goes on. */
  async #during<Result>(action: () => Promise<Result>): Promise<Result> {
    let isOver = false;
    let child = this.#start('nowhere');
    const running = (async () => {
      while (!isOver) {
        await ended(child);
        if (!isOver) child = this.#start('nowhere');
      }
      await ended(child);
    })();
    const result = await action();
    isOver = true;
    child.kill('SIGTERM');
    await running;
    return result;
  }

  #start(output: 'pipe' | 'terminal' | 'nowhere'): ChildProcess {
    const command = [process.execPath, GREYCTL, ...wordsOf(this.#form, this.#site, this.#runs)];
    this.#runs += 1;
    const [program = '', ...words] =
      output === 'terminal' ? ['script', '-qfec', command.map(quoted).join(' '), '/dev/null'] : command;
    const path = this.#form.input?.(this.#site);
    const input = path === undefined ? undefined : openSync(path, 'r');
    const isWatched = output !== 'nowhere';
    const child = spawn(program, words, {
      stdio: [input ?? 'ignore', isWatched ? 'pipe' : 'ignore', isWatched ? 'pipe' : 'ignore'],
      ...(output === 'pipe' ? { env: { ...process.env, NODE_OPTIONS: `--import=${MEMORY_TELLER}` } } : {}),
    });
    if (input !== undefined) closeSync(input);
    child.once('close', () => {
      for (const word of words.filter((word) => word.startsWith(join(this.#site.folder, 'backup-'))))
        for (const name of [word, `${word}.part`]) rmSync(name, { force: true });
    });
    return child;
  }
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'close');
}

/** Watches a command from its start to its end, or its first output. A command without output has its first one at its end. */
async function watch(
  child: ChildProcess,
  { untilFirst = false } = {},
): Promise<{ firstMs: number; totalMs: number; memory: number }> {
  const begin = performance.now();
  let firstMs: number | undefined;
  let errors = '';
  child.stdout?.on('data', () => {
    firstMs ??= performance.now() - begin;
    if (untilFirst) child.kill();
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  const [status] = await once(child, 'close');
  const totalMs = performance.now() - begin;
  if (status !== 0 && status !== 1 && !untilFirst)
    throw new Error(`a command ended with status ${status}: ${errors}`);
  const peaks = [...errors.matchAll(/^VmHWM:\s+(\d+) kB$/gm)].map(
    ([, kilobytes]) => Number(kilobytes) * 1024,
  );
  return { firstMs: firstMs ?? totalMs, totalMs, memory: Math.max(0, ...peaks) };
}
