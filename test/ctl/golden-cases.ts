/**
 * Golden tests of a command: each case is a session of some command lines, whose transcript is held in
 * golden/COMMAND/CASE.txt. After a wanted change: `npx vitest run test/ctl/golden -u`, and read the diff.
 *
 * The name of a case sets what must hold, whatever the file says: `usage error` ends with 2 and one line of stderr,
 * `not found` with 1, every line of a --json is an object.
 */
import { existsSync, readdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, type ExpectStatic, expect, test } from 'vitest';
import { allCommands } from '../../src/ctl/commands/table.ts';
import { canRun, type Needs } from '../support/requirements.ts';
import {
  runStep,
  type ShellSettings,
  type Step,
  type StepOutcome,
  transcriptOf,
} from '../support/transcript.ts';
import { WORLD_NEEDS, World } from './golden-world.ts';

const COMMANDS = await allCommands();

export type Cases = Readonly<Record<string, Step | readonly Step[]>>;

const FOLDER = new URL('./golden/', import.meta.url).pathname;

/** The surroundings of a case. */
export interface Around {
  /** Variables beside those of the shell. */
  readonly env?: NodeJS.ProcessEnv;
  /** A command that runs the shell in some surroundings. */
  readonly launcher?: readonly string[];
}

export interface GoldenSettings {
  /** Beside those of all. */
  readonly needs?: Needs;
  /**
   * Makes what surrounds a case, until the test has ended; then there is one case at a time. For --help and a usage
   * error nothing is made.
   */
  readonly around?: (shell: ShellSettings, name: string) => Around | Promise<Around>;
}

/**
 * @param folders the cases of each command, or of something else that golden/ has a folder for; each runs in a folder
 *   of its own. A command has its --help as a case beside them.
 */
export function describeGolden(
  folders: Readonly<Record<string, Cases>>,
  { needs, around }: GoldenSettings = {},
): void {
  const names = Object.keys(folders);
  const all = names.flatMap((folder) =>
    Object.entries(withHelp(folder, folders[folder] ?? {})).map(([name, steps]) => ({
      folder,
      name,
      steps: [steps].flat(),
    })),
  );
  const text = `golden files of ${names.join(', ')}`;
  const isSkipped = !canRun(text, { ...needs, programs: [...WORLD_NEEDS, ...(needs?.programs ?? [])] });
  const testOne = around === undefined ? test.concurrent : test;
  describe.skipIf(isSkipped)('golden files', () => {
    let world: World;

    beforeAll(async () => {
      world = await World.make();
    });

    afterAll(() => world.remove());

    testOne.for(all)('$folder: $name', async ({ folder, name, steps }, { expect }) => {
      const plain = world.shell();
      const isAlone = name === 'help' || name === 'usage error';
      const { env, ...others } = (isAlone ? undefined : await around?.(plain, name)) ?? {};
      const shell = { ...plain, ...others, env: { ...plain.env, ...env } };
      const outcomes: StepOutcome[] = [];
      for (const step of steps) outcomes.push(await runStep(step, shell));
      for (const outcome of outcomes) expectAsNamed(name, outcome, expect);
      const transcript = masked(transcriptOf(outcomes), { PWD: shell.cwd, ...env });
      await expect(transcript).toMatchFileSnapshot(`${FOLDER}${folder}/${fileName(name)}`);
    });
  });

  test.each(names)('%s: there is no file without a case', (folder) => {
    expectNoOthers(
      folder,
      all.filter((one) => one.folder === folder).map(({ name }) => name),
    );
  });
}

function withHelp(folder: string, cases: Cases): Cases {
  return COMMANDS.has(folder) ? { help: `greyctl ${folder} --help`, ...cases } : cases;
}

/** Hides texts that vary from run to run: the values of variables, the version, how long an answer took. */
function masked(transcript: string, variables: NodeJS.ProcessEnv): string {
  return Object.entries(variables)
    .reduce((text, [name, value = '']) => text.replaceAll(value, `$${name}`), transcript)
    .replace(/greyd-\d+\.\d+\.\d+/g, 'greyd-VERSION')
    .replace(/(time=|"seconds":)[\d.]+/g, '$10.000');
}

function expectAsNamed(
  name: string,
  { step, status, stdout, stderr }: StepOutcome,
  here: ExpectStatic,
): void {
  if (name === 'usage error') {
    here({ status, stdout }).toEqual({ status: 2, stdout: '' });
    here(stderr).toMatch(/^greyctl: [^\n]+\n$/);
  }
  if (name === 'not found') here(status).toBe(1);
  if (typeof step !== 'string' || !/ --json\b(?!.*[|>])/.test(step)) return;
  const lines = stdout.split('\n').slice(0, -1);
  here(lines.filter((line) => !isObject(line))).toEqual([]);
}

function isObject(line: string): boolean {
  const value: unknown = JSON.parse(line);
  return typeof value === 'object' && value !== null;
}

/** Golden files that no case looks at would say what is not so any more. */
function expectNoOthers(folder: string, names: readonly string[]): void {
  const known = names.map(fileName);
  expect(goldenFiles(folder).filter((file) => !known.includes(file))).toEqual([]);
}

export function goldenFiles(folder: string): string[] {
  const path = FOLDER + folder;
  return existsSync(path) ? readdirSync(path) : [];
}

function fileName(name: string): string {
  return `${name.replaceAll(' ', '-')}.txt`;
}
