/**
 * The parts of the package beside greyd's own files: a Node.js runtime, and SQLite for it. npm fetches both for
 * the architecture of the package, whatever the machine is, in the versions and with the hashes of package-lock.json
 * in this folder.
 */
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';

/** The architectures for which there are inputs: Debian's names, and those of Node.js. */
export const ARCHITECTURES: ReadonlyMap<string, string> = new Map([
  ['amd64', 'x64'],
  ['arm64', 'arm64'],
]);

export interface Inputs {
  /** The folder of the npm package of the runtime, with `bin/node` and LICENSE. */
  readonly runtime: string;
  /** The folder of better-sqlite3. */
  readonly sqlite: string;
  /** The module that replaces better-sqlite3: with the binary of this architecture alone. */
  readonly sqliteModule: string;
}

/**
 * @param architecture Debian's name
 * @param folder where they are put; what is there is replaced
 * @throws if they cannot be fetched, or a hash is wrong
 */
export function fetchInputs(architecture: string, folder: string): Inputs {
  const cpu = ARCHITECTURES.get(architecture);
  if (cpu === undefined) {
    throw new Error(`--arch=${architecture}: write one of ${[...ARCHITECTURES.keys()].join(', ')}`);
  }
  mkdirSync(folder, { recursive: true });
  for (const name of ['package.json', 'package-lock.json'])
    copyFileSync(join('packaging', name), join(folder, name));
  // Nothing of it is to run here: better-sqlite3 would be compiled for the Node.js of this machine.
  execFileSync('npm', ['ci', '--ignore-scripts', '--silent', '--os=linux', `--cpu=${cpu}`], {
    cwd: folder,
    stdio: 'inherit',
  });
  const runtime = join(folder, 'node_modules', `node-linux-${cpu}`);
  // For npm an optional dependency may be missing.
  if (!existsSync(runtime)) throw new Error(`npm could not fetch node-linux-${cpu}`);
  const sqlite = join(folder, 'node_modules/better-sqlite3');
  return { runtime, sqlite, sqliteModule: join(sqlite, 'lib', `linux-${cpu}.js`) };
}
