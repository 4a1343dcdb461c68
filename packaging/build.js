/**
 * npm run build: compiles src/ into dist/, if anything there has changed since the last time.
 *
 * The compiler writes beside dist/. Only what compiled without an error goes into place, file by file and each at once,
 * so that a greyd that runs from dist/ finds every file at any time, and two builds do not disturb each other. Of what
 * has not changed the compiler keeps its findings in dist/.tsbuildinfo, whose time is that of the sources in dist/.
 *
 * Known limit: a change is known by the times of files and folders.
 */
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const TARGET = 'dist';
/** The compiler's own: it writes paths relative to this file, which therefore stays at one depth. */
const NOTES = '.tsbuildinfo';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
try {
  if (!isUpToDate()) build();
} catch (error) {
  console.error(`build: ${error.message}`);
  process.exitCode = 1;
}

function isUpToDate() {
  return isComplete() && sources().every(isBuilt);
}

/** Whether everything is there that the notes say was written. */
function isComplete() {
  const before = scriptsInSrc().filter((path) => isBuilt(join('src', path)));
  return before.flatMap(outputsOf).every((path) => existsSync(join(TARGET, path)));
}

function isBuilt(path) {
  const built = statSync(join(TARGET, NOTES), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  return statSync(path).mtimeMs < built;
}

/** All that the output depends on; folders too, since a file that is removed changes these alone. */
function sources() {
  const inSrc = readdirSync('src', { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name));
  const settings = ['tsconfig.json', 'tsconfig.build.json', 'package-lock.json', 'packaging/build.js'];
  return ['src', ...inSrc, ...scriptsInSrc().map((path) => join('src', path)), ...settings];
}

function outputsOf(path) {
  const script = path.replace(/\.ts$/, '.js');
  return [script, `${script}.map`];
}

function build() {
  const begin = new Date();
  const made = `${TARGET}.${process.pid}`;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => {});
  mkdirSync(made);
  try {
    // By them it writes only what has changed.
    if (existsSync(join(TARGET, NOTES)) && isComplete()) copyFileSync(join(TARGET, NOTES), join(made, NOTES));
    if (compile(made) !== 0) {
      process.exitCode = 1;
      return;
    }
    utimesSync(join(made, NOTES), begin, begin);
    putIntoPlace(made);
  } finally {
    rmSync(made, { recursive: true, force: true });
  }
}

/** @returns the exit status of the compiler, which says what is wrong */
function compile(folder) {
  const manifest = createRequire(import.meta.url).resolve('typescript/package.json');
  const tsc = join(dirname(manifest), JSON.parse(readFileSync(manifest, 'utf8')).bin.tsc);
  const options = ['--incremental', '--tsBuildInfoFile', join(folder, NOTES), '--noEmitOnError'];
  const words = [tsc, '-p', 'tsconfig.build.json', '--outDir', folder, ...options];
  // A signal from the terminal ends it too.
  const { status, error } = spawnSync(process.execPath, words, { stdio: 'inherit' });
  if (error) throw error;
  return status;
}

/** The notes last: until they are there, dist/ counts as not up to date. */
function putIntoPlace(folder) {
  const isNotes = (path) => path === NOTES;
  const files = filesIn(folder);
  for (const path of [...files.filter((file) => !isNotes(file)), ...files.filter(isNotes)]) {
    mkdirSync(dirname(join(TARGET, path)), { recursive: true });
    renameSync(join(folder, path), join(TARGET, path));
  }
  const wanted = new Set([...scriptsInSrc().flatMap(outputsOf), NOTES]);
  for (const path of filesIn(TARGET)) {
    if (!wanted.has(path)) rmSync(join(TARGET, path), { force: true });
  }
}

/** Other files, as an editor's copy, are none of the build's. */
function scriptsInSrc() {
  return filesIn('src').filter((path) => path.endsWith('.ts'));
}

function filesIn(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name).slice(folder.length + 1));
}
