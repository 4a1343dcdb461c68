/**
 * Who may import whom, as the design has it; the sources are read, not run.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { expect, test } from 'vitest';

/** The rooms of src/, and whose values, and beyond them whose types, each may import. '' has the files beside them. */
const RULES: Record<string, { values: string[]; types?: string[] }> = {
  time: { values: [] },
  files: { values: [] },
  errors: { values: ['time'] },
  address: { values: [] },
  policy: { values: [] },
  whitelist: { values: ['address', 'policy', 'errors'] },
  greylist: { values: ['address', 'policy', 'time'] },
  decisions: { values: ['errors', 'time'] },
  // It masks addresses, with the functions of address.
  log: { values: ['address', 'decisions', 'errors', 'time'], types: ['policy', 'whitelist', 'greylist'] },
  store: {
    values: ['errors', 'files', 'time'],
    types: ['address', 'policy', 'whitelist', 'greylist', 'decisions'],
  },
  // Its main looks at the system's clock.
  'store-thread': { values: ['errors', 'greylist', 'service', 'store', 'time'], types: ['decisions', 'log'] },
  server: { values: ['errors', 'policy', 'time'] },
  http: { values: ['errors', 'server'] },
  metrics: {
    values: ['decisions', 'errors', 'http', 'log', 'time'],
    types: ['policy', 'whitelist', 'greylist', 'store-thread', 'server'],
  },
  // Changes to the main's own process.
  service: { values: ['errors', 'files', 'time'], types: ['server'] },
  options: {
    values: ['address', 'errors', 'greylist', 'log', 'policy', 'server', 'store', 'time'],
    types: ['whitelist'],
  },
  'mail-log': { values: ['address', 'decisions', 'greylist', 'log', 'policy', 'time'] },
  inspect: {
    values: [...['', 'decisions', 'greylist', 'log', 'policy', 'store', 'store-thread', 'time', 'whitelist']],
  },
  postgrey: {
    values: [
      ...['address', 'errors', 'files', 'greylist', 'log', 'options', 'policy', 'server', 'service', 'time'],
      'whitelist',
    ],
  },
  // The phases of the daemon's main that open its parts.
  daemon: {
    values: [
      ...['decisions', 'errors', 'log', 'metrics', 'options', 'policy', 'server', 'service', 'store-thread'],
      'time',
    ],
  },
  ctl: {
    values: [
      ...['address', 'decisions', 'errors', 'files', 'greylist', 'inspect', 'log', 'mail-log', 'options'],
      ...['policy', 'postgrey', 'server', 'service', 'store', 'store-thread', 'time', 'whitelist'],
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
  /** Loaded when it is needed: `import('...')`. */
  readonly isLazy: boolean;
}

const FILES = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((file) =>
  file.endsWith('.ts'),
);
const textOf = (file: string) => readFileSync(join('src', file), 'utf8');
const roomOf = (file: string) => (file.includes('/') ? (file.split('/')[0] ?? '') : '');

const IMPORTS: Import[] = FILES.flatMap((file) => {
  const text = textOf(file);
  const statements = [...text.matchAll(/^(?:import|export)\s+([^;]*?)\s*from '([^']+)'/gm)];
  const calls = [...text.matchAll(/\bimport\(()'([^']+)'\)/g)];
  return [...statements, ...calls].map(([statement, what = '', from = '']) => ({
    file,
    from: from.startsWith('.') ? normalize(join(dirname(file), from)) : from,
    isLibrary: !from.startsWith('.'),
    isType: isTypeOnly(what),
    isLazy: statement.startsWith('import('),
  }));
});

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

test('the sources were found, and each folder is in the table', () => {
  expect(FILES.length).toBeGreaterThan(30);
  expect(IMPORTS.length).toBeGreaterThan(100);
  const rooms = new Set(FILES.map(roomOf).filter(Boolean));
  expect([...rooms].sort()).toEqual(Object.keys(RULES).sort());
});

test('rooms import only what they may', () => {
  const wrong = IMPORTS.filter(({ file, from, isLibrary, isType }) => {
    const room = roomOf(file);
    const rule = RULES[room];
    if (isLibrary || rule === undefined || roomOf(from) === room) return false;
    const allowed = isType ? [...rule.values, ...(rule.types ?? [])] : rule.values;
    return !allowed.includes(roomOf(from));
  });
  expect(wrong.map(({ file, from }) => `${file} imports ${from}`)).toEqual([]);
});

test('no folders import one another in a circle, types included', () => {
  const imports = new Map<string, Set<string>>();
  for (const { file, from, isLibrary } of IMPORTS) {
    const [folder, other] = [dirname(file), dirname(from)];
    if (isLibrary || folder === other) continue;
    imports.set(folder, (imports.get(folder) ?? new Set()).add(other));
  }
  const reached = (start: string) => {
    const found = new Set<string>();
    const open = [start];
    for (let folder = open.pop(); folder !== undefined; folder = open.pop()) {
      for (const other of imports.get(folder) ?? []) {
        if (found.has(other)) continue;
        found.add(other);
        open.push(other);
      }
    }
    return found;
  };
  // The mains and the request handler lie beside the rooms: they are at both ends, and have no circle among themselves.
  const folders = [...imports.keys()].filter((folder) => folder !== '.');
  imports.delete('.');
  expect(folders.filter((folder) => reached(folder).has(folder))).toEqual([]);
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
    tldts: ['address/registered-domain.ts'],
  });
});

test('what --metrics needs is loaded with it alone', () => {
  const own = ['metrics/endpoint.ts', 'metrics/exposition.ts', 'metrics/text-format.ts', 'http/server.ts'];
  expect(own.filter((file) => !FILES.includes(file))).toEqual([]);
  const others = IMPORTS.filter(
    ({ file, from, isType, isLazy }) => own.includes(from) && !isType && !isLazy && !own.includes(file),
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
