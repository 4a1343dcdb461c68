/**
 * Who may import whom, as the design has it; the sources are read, not run.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { expect, test } from 'vitest';

/** Folders whose values, and beyond them whose types, the files of a folder may import. */
const RULES: Record<string, { values: string[]; types?: string[] }> = {
  address: { values: [] },
  policy: { values: [] },
  time: { values: [] },
  files: { values: [] },
  errors: { values: ['time'] },
  whitelist: { values: ['errors', 'time', 'address', 'policy'] },
  greylist: { values: ['errors', 'time', 'address', 'policy'] },
  decisions: { values: ['errors', 'time'] },
  store: {
    values: ['errors', 'time', 'files'],
    types: ['address', 'policy', 'whitelist', 'greylist', 'decisions'],
  },
  // Greylisting as a whole, in its own thread.
  'store-thread': { values: ['errors', 'time', 'service', 'greylist', 'store'], types: ['log', 'decisions'] },
  // log masks addresses, with the functions of address.
  log: { values: ['errors', 'time', 'address'], types: ['policy', 'whitelist', 'greylist', 'decisions'] },
  server: { values: ['errors', 'time', 'policy', 'log'] },
  http: { values: ['errors', 'time', 'server'] },
  metrics: {
    values: ['decisions', 'errors', 'http', 'log', 'time'],
    types: ['policy', 'whitelist', 'greylist', 'store-thread', 'server'],
  },
  // Changes to the main's own process.
  service: { values: ['files', 'errors', 'time'], types: ['server'] },
  options: { values: ['errors', 'time', 'greylist', 'log', 'policy', 'server', 'store'] },
  ctl: {
    values: [
      '',
      'errors',
      'files',
      'options',
      'address',
      'policy',
      'whitelist',
      'greylist',
      'store-thread',
      'store',
      'log',
      'decisions',
      'server',
      'service',
      'time',
    ],
  },
};

/** Only these may look at the process, its signals and the clock. */
const NEAR_THE_PROCESS = [/^greyd\.ts$/, /^greyctl\.ts$/, /^service\//, /^store-thread\/thread-main\.ts$/];

interface Import {
  readonly file: string;
  /** A path below src/, or the name of a library. */
  readonly from: string;
  readonly isLibrary: boolean;
  readonly isType: boolean;
}

const FILES = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((file) =>
  file.endsWith('.ts'),
);
const textOf = (file: string) => readFileSync(join('src', file), 'utf8');
const folderOf = (file: string) => (file.includes('/') ? (file.split('/')[0] ?? '') : '');

const IMPORTS: Import[] = FILES.flatMap((file) =>
  [...textOf(file).matchAll(/^(?:import|export)\s+([^;]*?)\s*from '([^']+)'/gm)].map(
    ([, what = '', from = '']) => ({
      file,
      from: from.startsWith('.') ? normalize(join(dirname(file), from)) : from,
      isLibrary: !from.startsWith('.'),
      isType: isTypeOnly(what),
    }),
  ),
);

/** `type A`, `{ type A, type B }`, `type { A }` */
function isTypeOnly(what: string): boolean {
  if (what.startsWith('type ')) return true;
  const names =
    /^\{(.*)\}$/s
      .exec(what)?.[1]
      ?.split(',')
      .map((name) => name.trim())
      .filter(Boolean) ?? [];
  return names.length > 0 && names.every((name) => name.startsWith('type '));
}

test('the sources were found', () => {
  expect(FILES.length).toBeGreaterThan(30);
  expect(IMPORTS.length).toBeGreaterThan(100);
  const folders = new Set(FILES.map(folderOf).filter(Boolean));
  expect([...folders].sort()).toEqual(Object.keys(RULES).sort());
});

test('folders import only what they may', () => {
  const wrong = IMPORTS.filter(({ file, from, isLibrary, isType }) => {
    const folder = folderOf(file);
    const rule = RULES[folder];
    if (isLibrary || rule === undefined || folderOf(from) === folder) return false;
    const allowed = isType ? [...rule.values, ...(rule.types ?? [])] : rule.values;
    return !allowed.includes(folderOf(from));
  });
  expect(wrong.map(({ file, from }) => `${file} imports ${from}`)).toEqual([]);
});

test('each library is imported in one place', () => {
  const libraries = IMPORTS.filter(({ from, isLibrary }) => isLibrary && !from.startsWith('node:'));
  const places = new Map<string, Set<string>>();
  for (const { from, file } of libraries) places.set(from, (places.get(from) ?? new Set()).add(file));
  expect(Object.fromEntries([...places].map(([library, files]) => [library, [...files]]))).toEqual({
    '@redis/client': ['store/redis/client.ts'],
    'better-sqlite3': ['store/sqlite/file.ts'],
    commander: ['options/command-line.ts'],
    pino: ['log/logger.ts'],
    'prom-client': ['metrics/text-format.ts'],
    re2js: ['whitelist/perl-regex.ts'],
  });
});

test('what --metrics needs is loaded with it alone', () => {
  const own = ['metrics/endpoint.ts', 'metrics/exposition.ts', 'metrics/text-format.ts', 'http/server.ts'];
  expect(own.filter((file) => !FILES.includes(file))).toEqual([]);
  const others = IMPORTS.filter(
    ({ file, from, isType }) => own.includes(from) && !isType && !own.includes(file),
  );
  expect(others).toEqual([]);
});

test('the process, its signals and the clock are for the mains alone', () => {
  const others = FILES.filter((file) => !NEAR_THE_PROCESS.some((pattern) => pattern.test(file)));
  const users = others.filter((file) =>
    /\bprocess\.|\bDate\.now\b|\bperformance\.now\b|node:process/.test(withoutComments(textOf(file))),
  );
  expect(users).toEqual([]);
});

function withoutComments(text: string): string {
  return text.replace(/\/\*.*?\*\//gs, '').replace(/\/\/.*$/gm, '');
}
