/**
 * What was measured, as tables in Markdown for people, and as an object for machines.
 */
import { execFileSync } from 'node:child_process';
import { availableParallelism, cpus, release } from 'node:os';
import { NAMES, type Name } from './contenders.ts';
import type { Expiry } from './expiry.ts';
import type { CommandReport } from './greyctl.ts';
import type { Cell } from './plan.ts';
import type { Figures } from './turns.ts';

export interface CellReport extends Cell {
  readonly triplets: number;
  readonly figures: Readonly<Partial<Record<Name, Figures>>>;
}

/** A database, and the program that was started on it. */
export interface DatabaseReport {
  readonly name: Name;
  readonly triplets: number;
  readonly fillSeconds: number;
  /** On disk, or in the memory of Redis; undefined: it was empty. */
  readonly bytesPerTriplet: number | undefined;
  /** From the start of the program to its first answer. */
  readonly startMs: number;
}

export interface Report {
  readonly machine: string;
  readonly cells: CellReport[];
  readonly databases: DatabaseReport[];
  readonly expiry: Expiry[];
  readonly commands: CommandReport[];
  /** What could not be run, and why. */
  readonly notRun: string[];
}

/** What everything was measured on, in one line. */
export function machine(folder: string): string {
  const fileSystem = execFileSync('stat', ['--file-system', '--format=%T', folder], { encoding: 'utf8' });
  const model = cpus()[0]?.model ?? 'unknown processor';
  return `${availableParallelism()} × ${model}, Linux ${release()}, Node.js ${process.version}, ${fileSystem.trim()}`;
}

export function reportText(report: Report): string {
  const parts = [
    `Measured on ${report.machine}`,
    report.cells.length > 0 ? cellTable(report.cells) : '',
    report.databases.length > 0 ? databaseTable(report.databases) : '',
    report.expiry.length > 0 ? expiryTable(report.expiry) : '',
    report.commands.length > 0 ? commandTable(report.commands) : '',
    report.notRun.map((reason) => `Not run: ${reason}`).join('\n'),
    wrongAnswers(report),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

function cellTable(cells: readonly CellReport[]): string {
  const rows = cells.flatMap(({ triplets, traffic, connections, requestsPerSecond, figures }) =>
    NAMES.flatMap((name) => {
      const own = figures[name];
      if (own === undefined) return [];
      return [
        [
          count(triplets),
          requestsPerSecond === undefined ? traffic : `${traffic}, ${requestsPerSecond}/s`,
          count(connections),
          name,
          count(own.rate),
          milliseconds(own.latency.p50),
          milliseconds(own.latency.p99),
          milliseconds(own.latency.p999),
          milliseconds(own.latency.worst),
          megabytes(own.memory),
          (own.processorTime * 1e6).toFixed(1),
          ratio(own.ratioTo.greyd),
          ratio(own.ratioTo.postgrey),
          ratio(own.ratioTo.null),
        ],
      ];
    }),
  );
  return table(
    [
      'triplets',
      'traffic',
      'connections',
      'program',
      'requests/s',
      'p50 ms',
      'p99 ms',
      'p99.9 ms',
      'worst ms',
      'memory MB',
      'CPU µs/request',
      '× greyd',
      '× postgrey',
      '× null',
    ],
    rows,
  );
}

function databaseTable(databases: readonly DatabaseReport[]): string {
  return table(
    ['triplets', 'program', 'filled in s', 'bytes per triplet', 'start to first answer ms'],
    databases.map(({ triplets, name, fillSeconds, bytesPerTriplet, startMs }) => [
      count(triplets),
      name,
      count(fillSeconds),
      bytesPerTriplet ? count(bytesPerTriplet) : '–',
      count(startMs),
    ]),
  );
}

function expiryTable(expiry: readonly Expiry[]): string {
  return table(
    ['program', 'records deleted', 'in s', 'answers meanwhile', 'p50 ms', 'p99 ms', 'p99.9 ms', 'worst ms'],
    expiry.map(({ name, deleted, seconds, answers, latency }) => [
      name,
      count(deleted),
      count(seconds),
      count(answers),
      milliseconds(latency.p50),
      milliseconds(latency.p99),
      milliseconds(latency.p999),
      milliseconds(latency.worst),
    ]),
  );
}

function commandTable(commands: readonly CommandReport[]): string {
  return table(
    [
      'greyctl',
      'first output ms',
      'on a terminal ms',
      'all of it ms',
      'memory MB',
      'greyd: p50, p90 ms without',
      'with',
      '× rate',
      '× p50',
      '× p90',
    ],
    commands.map(({ name, alone, beside: { without, withIt, ratio: times } }) => [
      name,
      count(alone.firstMs),
      alone.firstOnTerminalMs === undefined ? '–' : count(alone.firstOnTerminalMs),
      count(alone.totalMs),
      megabytes(alone.memory),
      `${milliseconds(without.p50)}, ${milliseconds(without.p90)}`,
      `${milliseconds(withIt.p50)}, ${milliseconds(withIt.p90)}`,
      ratio(times.rate),
      ratio(times.p50),
      ratio(times.p90),
    ]),
  );
}

/**
 * Answers that were not those that a kind of mail must have. A few new mails come from networks that the
 * whitelist of a program holds (148.105.0.0/16 that of postgrey); of many, the figures are worth nothing.
 */
function wrongAnswers({ cells, expiry, commands }: Report): string {
  const lines = (what: string, wrong: Figures['wrong']) =>
    Object.entries(wrong).map(([answer, times]) => `Wrong answers: ${what}: ${times} × ${answer}`);
  return [
    ...cells.flatMap(({ traffic, connections, figures }) =>
      NAMES.flatMap((name) =>
        lines(`${name}, ${traffic}, ${connections} connections`, figures[name]?.wrong ?? {}),
      ),
    ),
    ...expiry.flatMap(({ name, wrong }) => lines(`${name}, expiry`, wrong)),
    ...commands.flatMap(({ name, beside }) => lines(`greyd beside greyctl ${name}`, beside.wrong)),
  ].join('\n');
}

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = heads.map((head, column) =>
    Math.max(head.length, ...rows.map((row) => (row[column] ?? '').length)),
  );
  const isText = heads.map((_, column) => rows.every((row) => !/^[\d–]/.test(row[column] ?? '')));
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, column) => (isText[column] ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join(' | ')} |`;
  const rule = widths.map((width, column) =>
    isText[column] ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`,
  );
  return [line(heads), line(rule), ...rows.map(line)].join('\n');
}

function count(number: number): string {
  return Math.round(number).toLocaleString('en-US');
}

function milliseconds(number: number): string {
  return number.toFixed(number < 10 ? 2 : number < 100 ? 1 : 0);
}

function megabytes(bytes: number): string {
  return (bytes / 1024 / 1024).toFixed(0);
}

function ratio(number: number | undefined): string {
  return number === undefined ? '–' : number.toFixed(number < 2 ? 3 : number < 10 ? 2 : 1);
}
