/**
 * The manual: its pages are what the tables of options and commands make now, and neither of the two
 * programs that show them finds anything wrong.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { description, optionList, prose, usage } from '../man/mdoc.ts';
import { MADE_PAGES, makePage } from '../man/pages.ts';
import { allCommands } from '../src/ctl/commands/table.ts';
import { partsOf } from '../src/options/command-line.ts';
import { OPTION_TABLE } from '../src/options/table.ts';
import { canRun } from './support/requirements.ts';

const COMMANDS = await allCommands();

const PAGES = readdirSync('man').filter((name) => /\.\d$/.test(name));

test('there are three pages', () => {
  expect(PAGES).toEqual(['greyctl.8', 'greyd.8', 'greyd_whitelist.5']);
});

test.each(MADE_PAGES)('%s is what `npm run docs` makes', (page) => {
  const made = makePage(page, readFileSync(`man/${page}.in`, 'utf8'));
  expect(readFileSync(`man/${page}`, 'utf8')).toBe(made);
});

test('a place for which nothing is made is an error', () => {
  expect(() => makePage('greyd.8', '@no such list@\n')).toThrow(
    'greyd.8.in: nothing is made for @no such list@',
  );
});

describe.runIf(canRun('pages of the manual', { programs: ['man', 'mandoc'] }))('pages of the manual', () => {
  /** Where mandoc finds the pages that the others refer to. */
  let folder: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'greyd-man-'));
    for (const page of PAGES) {
      const section = join(folder, `man${page.slice(-1)}`);
      mkdirSync(section, { recursive: true });
      cpSync(join('man', page), join(section, page));
    }
  });

  afterAll(() => rmSync(folder, { recursive: true }));

  function run(program: string, args: readonly string[], env: NodeJS.ProcessEnv = {}) {
    const { stdout, stderr } = spawnSync(program, args, {
      encoding: 'utf8',
      env: { ...process.env, ...env },
    });
    return { stdout, stderr };
  }

  test.each(PAGES)('%s: man --warnings, as lintian calls it, says nothing', (page) => {
    const args = ['--warnings', '-E', 'UTF-8', '-l', '-Tutf8', '-Z', join('man', page)];
    const { stdout, stderr } = run('man', args, { LC_ALL: 'C.UTF-8', MANROFFSEQ: '', MANWIDTH: '80' });
    expect(stderr).toBe('');
    expect(stdout).toContain('x stop');
  });

  test.each(PAGES)('%s: mandoc finds nothing wrong, in style either', (page) => {
    const { stdout } = run(
      'mandoc',
      ['-T', 'lint', '-W', 'style', join(folder, `man${page.slice(-1)}`, page)],
      {
        MANPATH: folder,
      },
    );
    // Pages of other packages need not be installed; ours are.
    const isForeign = (line: string) => /referenced manual not found: Xr (?!grey)/.test(line);
    expect(stdout.split('\n').filter((line) => line !== '' && !isForeign(line))).toEqual([]);
  });

  test('mandoc would find what is wrong', () => {
    const wrong = join(folder, 'man8', 'wrong.8');
    cpSync(join('man', 'greyd.8.in'), wrong);
    const text = readFileSync(wrong, 'utf8').replace('.Xr greyctl 8', '.Xr greyctll 8');
    const { stdout } = spawnSync('mandoc', ['-T', 'lint', '-W', 'style'], {
      encoding: 'utf8',
      input: text,
      env: { ...process.env, MANPATH: folder },
    });
    rmSync(wrong);
    expect(stdout).toContain('referenced manual not found: Xr greyctll 8');
  });

  test('every option and command can be read there', () => {
    const shown = (page: string) =>
      run('mandoc', ['-T', 'utf8', '-O', 'width=200', join('man', page)]).stdout;
    const plain = (page: string) => shown(page).replace(/.[\b]/g, '');
    const daemon = plain('greyd.8');
    const tool = plain('greyctl.8');
    const missing = OPTION_TABLE.filter(({ flags }) => !daemon.includes(partsOf(flags).long));
    expect(missing).toEqual([]);
    for (const [name, { program }] of COMMANDS) {
      const section = tool.split(`\n   ${name}\n`)[1]?.split(/^(?: {3})?\S/m)[0] ?? '';
      expect(program.options.filter(({ flags }) => !section.includes(partsOf(flags).long))).toEqual([]);
      expect(tool).toContain(`\n   ${name}\n     greyctl ${name} ${program.usage}\n`);
      for (const line of program.description.split('\n').filter((one) => one.startsWith(' '))) {
        expect(tool).toContain(`\n           ${line.trim()}\n`);
      }
    }
  });
});

describe('text as mdoc', () => {
  test('a sentence begins a line, and an option and a page stand on their own', () => {
    expect(prose("Is deferred. It's (see --delay, or access(5)), not lost. .x \\ é")).toEqual([
      'Is deferred.',
      'It\\(aqs (see',
      '.Fl \\-delay ,',
      'or',
      '.Xr access 5 ) ,',
      'not lost.',
      '\\&.x \\e \\[u00E9]',
    ]);
    expect(prose('(--format=postgrey) --no, An')).toEqual([
      '.Pf ( Fl \\-format Ns = Ns Ar postgrey )',
      '.Fl \\-no ,',
      'An',
    ]);
  });

  test('no line is longer than 78 characters', () => {
    const lines = prose('word '.repeat(100));
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(78);
    expect(lines.join(' ')).toBe('word '.repeat(100).trim());
  });

  test('indented lines are displayed as they are, without their common indent', () => {
    expect(description('One.\n\nExamples:\n  a --b\n    c\n\nTwo.')).toEqual([
      'One.',
      '.Pp',
      'Examples:',
      '.Bd -literal -offset indent',
      'a \\-\\-b',
      '  c',
      '.Ed',
      '.Pp',
      'Two.',
    ]);
  });

  test('a usage', () => {
    expect(usage('[--dbdir=PATH | --store=URL] DIR | -')).toEqual([
      '.Op Fl \\-dbdir Ns = Ns Ar PATH | Fl \\-store Ns = Ns Ar URL',
      '.Ar DIR | Ar \\-',
    ]);
    expect(usage('--inet=[HOST:]PORT [options] client_address=ADDRESS...')).toEqual([
      '.Fl \\-inet Ns = Ns Ar [HOST:]PORT',
      '.Op Ar options',
      '.Cm client_address Ns = Ns Ar ADDRESS...\\&',
    ]);
  });

  test('an option with its default', () => {
    const options = [
      { flags: '-x, --some [N]', help: 'so many', default: 5 },
      { flags: '--no <A>', help: 'No such', default: ['An', 'b c:'] },
    ];
    expect(optionList(options)).toEqual([
      '.Bl -tag -width Ds',
      '.It Fl x , Fl \\-some Ns Op = Ns Ar N',
      'so many',
      '.Po default :',
      '.No 5',
      '.Pc',
      '.It Fl \\-no Ns = Ns Ar A',
      'No such',
      '.Po default :',
      '.Ql \\&An ,',
      '.Ql "b c:\\&"',
      '.Pc',
      '.El',
    ]);
  });
});
