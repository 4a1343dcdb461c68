/**
 * The check of a file, whether it fits into memory or not, and while others write to it.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, onTestFinished, test } from 'vitest';
import { damageOf } from '../../../src/store/sqlite/damage.ts';
import { WrittenMeanwhileError } from '../../../src/store/sqlite/image.ts';
import { framesOf } from '../../../src/store/sqlite/log-format.ts';
import { openSqliteStore } from '../../../src/store/sqlite/store.ts';
import { temporaryDirectory } from '../../support/daemon.ts';

const PAGE = 4096;
const ROWS = 20_000;
const INSERT = "INSERT INTO triplets VALUES ('192.0.2.0', ?, 'bob@example.org', 1, 1)";

/** @param inLog whether half of the records stand in the log alone, as after a crash */
async function fill(inLog: boolean): Promise<string> {
  const dbdir = temporaryDirectory();
  const path = join(dbdir, 'greyd.db');
  await openSqliteStore(dbdir, { privacy: false, hash: () => '' }).close();
  const file = new Database(path);
  onTestFinished(() => void file.close());
  file.pragma('wal_autocheckpoint = 0');
  const insert = file.prepare(INSERT);
  const add = (from: number, to: number) =>
    file.transaction(() => {
      for (let row = from; row < to; row += 1) insert.run(`s${(row * 7919) % ROWS}@example.net`);
    })();
  add(0, ROWS / 2);
  file.pragma('wal_checkpoint(TRUNCATE)');
  add(ROWS / 2, ROWS);
  if (!inLog) file.pragma('wal_checkpoint(TRUNCATE)');
  return path;
}

function overwrite(path: string, page: number, pages: number): void {
  const file = openSync(path, 'r+');
  writeSync(file, Buffer.alloc(pages * PAGE, 0xa5), 0, pages * PAGE, page * PAGE);
  closeSync(file);
}

describe.each([
  ['in memory', Number.MAX_SAFE_INTEGER],
  ['where it is', 0],
])('looked at %s', (_, room) => {
  test.each([true, false])('a sound one is sound, log %s', async (inLog) => {
    expect(damageOf(await fill(inLog), room)).toBeUndefined();
  });

  test('a damaged one is damaged', async () => {
    const path = await fill(false);
    overwrite(path, 5, 3);
    expect(damageOf(path, room)).toMatch(/page/);
  });

  test('what the log has newer is not looked for in the file', async () => {
    const path = await fill(true);
    const pages = new Set([...framesOf(readFileSync(`${path}-wal`))].map(({ page }) => page));
    // The first one says how large a page is.
    pages.delete(1);
    const size = statSync(path).size / PAGE;
    const both = [...pages].filter((page) => page <= size);
    expect(both.length).toBeGreaterThan(10);
    for (const page of both) overwrite(path, page - 1, 1);
    expect(damageOf(path, room)).toBeUndefined();
  });

  test('a cut one is damaged, and one that is not there is no answer', async () => {
    const path = await fill(false);
    const half = Math.floor(statSync(path).size / PAGE / 2);
    overwrite(path, half, half);
    expect(damageOf(path, room)).toBeDefined();
    expect(() => damageOf(`${path}-absent`, room)).toThrow('ENOENT');
  });
});

test('while another program writes it is sound, or nobody can tell', async () => {
  const path = await fill(true);
  const program = `
    const file = new (require('better-sqlite3'))(${JSON.stringify(path)});
    const insert = file.prepare(${JSON.stringify(INSERT)});
    let row = 0;
    const write = file.transaction(() => { for (let n = 0; n < 300; n += 1) insert.run('w' + Math.random() + row++); });
    console.log('begun');
    for (;;) { write(); file.pragma('wal_checkpoint(RESTART)'); }`;
  const writer = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void writer.kill('SIGKILL'));
  await once(writer.stdout, 'data');
  for (let times = 0; times < 30; times += 1) {
    try {
      expect(damageOf(path)).toBeUndefined();
    } catch (error) {
      expect(error).toBeInstanceOf(WrittenMeanwhileError);
    }
  }
});
