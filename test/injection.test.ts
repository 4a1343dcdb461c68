/**
 * Nothing from outside becomes a part of a command or of an SQL text; the sources are read, not run.
 *
 *   commands  programs are started by name with a list of arguments, never by a shell
 *   code      no text is run as JavaScript
 *   SQL       the text of a statement is a literal; what is put into it is on the list PUT_INTO_SQL
 *   Lua       the script is a literal
 *
 * Anything new that is put into an SQL text has to be named here, and checked to be a
 * constant of the program, or a number of it. Values of requests and files are bound.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

const SOURCES = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => ({ file, text: withoutComments(readFileSync(join('src', file), 'utf8')) }));
const STORE = SOURCES.filter(({ file }) => file.startsWith('store/sqlite/'));

function withoutComments(text: string): string {
  return text.replace(/\/\*.*?\*\//gs, '').replace(/^\s*\/\/.*$/gm, '');
}

/** All matches in these sources, as `file: first group`. */
function found(sources: typeof SOURCES, pattern: RegExp): string[] {
  return sources.flatMap(({ file, text }) =>
    [...text.matchAll(pattern)].map((match) => `${file}: ${match[1] ?? match[0]}`),
  );
}

const unique = (texts: readonly string[]) => [...new Set(texts)].sort();

describe('commands', () => {
  test('of node:child_process only what needs no shell is imported, each function under its own name', () => {
    const imports = found(SOURCES, /\{([^{}]*)\} from '(?:node:)?child_process'/g);
    const names = imports.flatMap((one) => one.replace(/^.*: /, '').split(','));
    const functions = names.map((name) => name.trim()).filter((name) => !name.startsWith('type '));
    expect(unique(functions)).toEqual(['execFile', 'execFileSync', 'spawn']);
    // There is no other way in.
    expect(found(SOURCES, /child_process/g)).toHaveLength(imports.length);
    expect(found(SOURCES, /\bshell\b/g)).toEqual([]);
  });

  test('the programs that are started', () => {
    const calls = found(
      SOURCES,
      /\b(?:spawn|execFile|execFileSync|promisify\(execFile\))\(\s*([^,()]+)[,)]/g,
    );
    expect(calls.filter((call) => !call.endsWith(': execFile')).sort()).toEqual(
      [
        // For a postgrey that is imported, in a sandbox: db_printlog, db_recover and db_dump by unshare or setpriv. The
        // script that makes the sandbox is a literal; paths are its arguments.
        'postgrey/environment.ts: program',
        'postgrey/environment.ts: program',
        // The same for true, and getent.
        'service/sandbox.ts: program',
        // Part of a folder of root's in /var/tmp.
        "service/sandbox.ts: 'rm'",
        // Which version is installed.
        "ctl/commands/export.ts: 'postgrey'",
        // greyctl once more, as it was started.
        'ctl/commands/backup.ts: program',
        // The same, and systemctl, service, update-rc.d, setpriv, db_dump and db_recover, by names that are literals.
        'postgrey/migrate/programs.ts: program',
        // For a lock: its only argument is the number of a descriptor.
        "postgrey/migrate/lock.ts: 'flock'",
        "log/syslog.ts: 'logger'",
        "service/account.ts: 'getent'",
        // One of three messages.
        "service/notify.ts: 'systemd-notify'",
        // greyd once more, in the background.
        'service/daemonize.ts: process.execPath',
      ].sort(),
    );
  });
});

test('no text is run as code', () => {
  expect(found(SOURCES, /\beval\s*\(|\bFunction\s*\(|'(?:node:)?vm'|\beval: true/g)).toEqual([]);
});

test('the script that runs in a shared store is a literal, to which nothing is added', () => {
  const uses = found(SOURCES, /'EVAL'[^\]]*/g);
  expect(uses).toEqual([
    "store/redis/script.ts: 'EVAL', COMPARE_AND_SET, String(keys.length), ...keys, ...args",
  ]);
  const scripts = found(SOURCES, /const COMPARE_AND_SET = (`[^`]*`;)/g);
  expect(scripts).toHaveLength(1);
  expect(scripts.join()).not.toContain('${');
});

/** The parts between `${` and `}` in SQL texts, by file. */
const PUT_INTO_SQL: Readonly<Record<string, readonly string[]>> = {
  // A number.
  'damage.ts': ['max'],
  // The tables of KINDS there.
  'maintenance.ts': ['table'],
  // Numbers of versions, names of tables, triggers and columns in MIGRATIONS, and such a name with a number.
  'prepare.ts': [
    'MIGRATIONS.length',
    'aside',
    'from',
    'name',
    'to',
    'versionOf(file) + 1',
    "wanted.join(', ')",
    'wanted.name',
  ],
  // The constants of MOVES.
  'privacy.ts': ['columns', 'from', 'key', 'merge', 'to'],
  // Tables and kinds in MIGRATIONS.
  'schema.ts': ["change('+')", "change('-')", 'kind', 'sign', 'table'],
  // --store-timeout, a number.
  'store.ts': ['busyTimeoutMs'],
  // Made of what `new SqliteTable` is given, see below, and question marks.
  'table.ts': ['SLICE_ROWS', 'first', 'inOrder', 'marks', 'names', 'second', 'select', 'table', 'visited'],
};

/**
 * Statements that are no literals where they are used: an entry of MIGRATIONS, what SQLite keeps of such an entry, a constant,
 * and a name of a pragma.
 */
const NAMED_STATEMENTS = [
  'maintenance.ts: pragma',
  ...['migration', 'migration', 'wanted.sql', 'sql', 'RECOUNT'].map((name) => `prepare.ts: ${name}`),
];

/** A call that runs SQL, up to its first argument. */
const SQL_CALL = /\.(?:prepare|exec|pragma)(?:<[^()]*>)?\(\s*/g;
/** A literal that is an argument as it stands: nothing is added to it. */
const WHOLE_LITERAL = /^(?:'[^'\n]*'|"[^"\n]*"|`[^`]*`)\s*[,)]/;
const TEMPLATE = /`[^`]*`/g;
const SQL_WORD =
  /\b(?:SELECT|INSERT|UPDATE|DELETE|CREATE|DROP|ALTER|PRAGMA|VACUUM|ATTACH|WHERE|ORDER BY|VALUES)\b/;

describe('SQL', () => {
  const calls = STORE.flatMap(({ file, text }) =>
    [...text.matchAll(SQL_CALL)].map((match) => ({
      file: file.replace('store/sqlite/', ''),
      argument: text.slice(match.index + match[0].length),
    })),
  );

  test('is in the files of the embedded store alone', () => {
    expect(calls.length).toBeGreaterThan(20);
    const others = SOURCES.filter((source) => !STORE.includes(source));
    expect(found(others, /\.(?:prepare|pragma)(?:<[^()]*>)?\(|better-sqlite3|\bfile\.exec\(/g)).toEqual([]);
  });

  test('statements are literals, to which nothing is added', () => {
    const others = calls.filter(({ argument }) => !WHOLE_LITERAL.test(argument));
    expect(others.map(({ file, argument }) => `${file}: ${/^[^,)]*/.exec(argument)?.[0]}`)).toEqual(
      NAMED_STATEMENTS,
    );
  });

  test('only what is on the list is put into them', () => {
    const put = STORE.map(({ file, text }) => {
      const inCalls = [...text.matchAll(SQL_CALL)]
        .map((match) => WHOLE_LITERAL.exec(text.slice(match.index + match[0].length))?.[0] ?? '')
        .filter((literal) => literal.startsWith('`'));
      const elsewhere = (text.match(TEMPLATE) ?? []).filter((literal) => SQL_WORD.test(literal));
      const expressions = [...inCalls, ...elsewhere].flatMap((literal) =>
        [...literal.matchAll(/\$\{([^}]*)\}/g)].map(([, expression = '']) => expression),
      );
      return [file.replace('store/sqlite/', ''), unique(expressions)] as const;
    });
    expect(Object.fromEntries(put.filter(([, expressions]) => expressions.length > 0))).toEqual(PUT_INTO_SQL);
  });

  test('tables and columns are named by literals', () => {
    const tables = found(STORE, /new SqliteTable\(([^;]*?)\)/g);
    expect(tables).toHaveLength(4);
    const literals = String.raw`\[(?:'\w+'(?:, )?)+\]`;
    const named = new RegExp(String.raw`: \s*file,\s*visitor,\s*'\w+',\s*${literals},\s*${literals},?\s*$`);
    expect(tables.filter((one) => !named.test(one))).toEqual([]);
  });
});
