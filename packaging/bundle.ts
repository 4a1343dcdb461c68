/**
 * Bundles greyd's JavaScript and its libraries into few files, laid out as in the sources: `bin/` has the launchers,
 * `dist/` the files that they load. Threads and lazily loaded parts stay separate files in the same folder, since each
 * is looked for beside the file that loads it.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';

/** The programs and the threads of the daemon. */
const ENTRIES = [
  'src/greyd.ts',
  'src/greyctl.ts',
  'src/store-thread/thread-main.ts',
  'src/store/sqlite/checkpoint-thread-main.ts',
];

/** Libraries that are no ES modules ask for the parts of Node.js with it. */
const REQUIRE =
  "import { createRequire as createRequireHere } from 'node:module';\n" +
  'const require = createRequireHere(import.meta.url);';

/**
 * @param sqliteModule replaces better-sqlite3
 * @param folder gets `dist/`
 * @returns the folders of the libraries that are in it
 */
export async function bundle(sqliteModule: string, folder: string): Promise<string[]> {
  const { metafile } = await build({
    entryPoints: ENTRIES,
    outdir: join(folder, 'dist'),
    entryNames: '[name]',
    assetNames: '[name]',
    bundle: true,
    splitting: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    alias: { 'better-sqlite3': resolve(sqliteModule) },
    loader: { '.node': 'copy' },
    banner: { js: REQUIRE },
    // Their licenses stand in the copyright file.
    legalComments: 'none',
    logLevel: 'warning',
    metafile: true,
  });
  const libraries = Object.keys(metafile.inputs).flatMap(
    (file) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(file)?.[0] ?? [],
  );
  return [...new Set(libraries)].sort();
}

/**
 * Copies a launcher.
 * @param interpreter runs it, in place of the `node` that is found in PATH
 */
export function copyLauncher(from: string, to: string, interpreter: string): void {
  const text = readFileSync(from, 'utf8');
  const own = text.replace(/^#!\/usr\/bin\/env (?:-S )?node/, `#!${interpreter}`);
  if (own === text) throw new Error(`${from} does not begin with #!/usr/bin/env node`);
  writeFileSync(to, own, { mode: 0o755 });
}
