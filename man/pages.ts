/**
 * The pages of the manual: PAGE.in is written by hand, and holds lines `@…@` in place of what the tables of
 * the programs say. Pages are committed as they are made, so that they are installed without a build.
 */

import type { CommandProgram } from '../src/ctl/command.ts';
import { allCommands } from '../src/ctl/commands/table.ts';
import { type OptionEntry, partsOf } from '../src/options/command-line.ts';
import { OPTION_TABLE } from '../src/options/table.ts';
import { description, optionFlags, optionList, prose, usage } from './mdoc.ts';

const COMMANDS = await allCommands();

/** The generated pages. */
export const MADE_PAGES = ['greyd.8', 'greyctl.8'] as const;

/** An option that means the same to this many commands is explained once for all of them. */
const COMMON_FROM = 3;

const ALL = [...COMMANDS.values()].flatMap(({ program }) => program.options);
const SAYINGS = ALL.map(saying);

/** Options of several commands by all that is said of them. */
const COMMON = new Map(
  ALL.filter((entry) => SAYINGS.filter((one) => one === saying(entry)).length >= COMMON_FROM).map((entry) => [
    saying(entry),
    entry,
  ]),
);

/** The text that replaces each line `@…@` of the sources. */
const PLACES: Readonly<Record<string, () => readonly string[]>> = {
  'greyd options': () => optionList(OPTION_TABLE),
  'greyctl list of commands': () => [
    `.Bl -tag -width ${'x'.repeat(Math.max(...[...COMMANDS.keys()].map((name) => name.length)))} -compact`,
    ...[...COMMANDS].flatMap(([name, { program }]) => [`.It Cm ${name}`, ...prose(program.summary)]),
    '.El',
  ],
  'greyctl commands': () => [...COMMANDS].flatMap(([name, { program }]) => commandSection(name, program)),
  'greyctl common options': () => optionList([...COMMON.values()]),
};

function saying({ flags, help, default: value, defaultText }: OptionEntry): string {
  return JSON.stringify([flags, help, value, defaultText]);
}

/**
 * Makes a page from its source.
 * @throws if a place is none of PLACES
 */
export function makePage(name: string, source: string): string {
  const lines = source.split('\n').flatMap((line) => {
    const place = /^@(.*)@$/.exec(line)?.[1];
    if (place === undefined) return [line];
    const made = PLACES[place];
    if (made === undefined) throw new Error(`${name}.in: nothing is made for @${place}@`);
    return made();
  });
  return [`.\\" Made of ${name}.in by "npm run docs": change that, and not this.`, ...lines].join('\n');
}

function commandSection(name: string, program: CommandProgram): string[] {
  const [, text = '', examples = ''] = /^(.*?)(\n\nExamples?:\n.*)?$/s.exec(program.description) ?? [];
  const own = program.options.filter((entry) => !isCommon(entry));
  const common = program.options.filter(isCommon);
  return [
    `.Ss ${name}`,
    `.Nm greyctl ${name}`,
    ...usage(program.usage),
    '.Pp',
    ...description(text),
    ...(own.length === 0 ? [] : optionList(own)),
    ...(common.length === 0 ? [] : ['.Pp', ...commonOptions(common)]),
    ...(examples === '' ? [] : ['.Pp', ...description(examples.trimStart())]),
  ];
}

function isCommon(entry: OptionEntry): boolean {
  return COMMON.has(saying(entry));
}

/** Names the options that are explained elsewhere. */
function commonOptions(options: readonly OptionEntry[]): string[] {
  const last = options.length - 1;
  const flags = options.map(
    ({ flags }, index) => `.${optionFlags(partsOf(flags).long)} ${index === last ? '.' : ','}`,
  );
  return ['Also', '.Sx COMMON OPTIONS :', ...flags];
}
