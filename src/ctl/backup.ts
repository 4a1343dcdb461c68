/**
 * greyctl backup: copies the database while greyd runs.
 *
 * The copy is made by the account that the database belongs to, in a folder beside it, and handed to
 * whoever called: a file of root's is written by a greyctl that stays root and reads nothing of the
 * database, from another one that gives root up.
 *
 * Known limits: the directory of the database has to hold a second copy for a moment. Whether what is
 * written goes to the same disk is known by the number of its device: btrfs gives each subvolume its own.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream, statfsSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { UsageError } from '../command-line.ts';
import { makeNewFile } from '../service/new-file.ts';
import { makeWorkFolder } from '../service/work-folder.ts';
import { copyDatabase } from '../store/sqlite/maintenance.ts';
import { type ExitStatus, makeCommand, type Work } from './command.ts';
import { becomeDatabaseOwner } from './database.ts';
import { DBDIR_OPTION } from './options.ts';

/** In place of a file: the copy is written to standard output. */
const STDOUT = '-';

/**
 * What must be free beside the database, in sizes of the copy: it is made there, and greyd needs room to
 * write meanwhile. One more if what is written goes to the same file system.
 */
const ROOM = 2;

interface Given {
  dbdir: string;
}

export const backupCommand = makeCommand<Given>(
  {
    name: 'greyctl backup',
    summary: 'copy the database while greyd runs',
    usage: '[--dbdir=PATH] FILE | -',
    description:
      'Copies the database, as it is at one moment, into a file that must not be there yet, or to standard ' +
      'output. greyd may run meanwhile, and is not held up. With --privacy the copy is of use only together ' +
      'with greyd.secret: keep a copy of that too.\n\n' +
      'Examples:\n' +
      '  greyctl backup /var/backups/greyd-$(date +%F).db\n' +
      '  ssh mx2 greyctl backup - > mx2.db',
    options: [DBDIR_OPTION],
  },
  async (given, [to, ...others], surroundings) => {
    if (to === undefined || others.length > 0) {
      throw new UsageError(`name one file to write, for example /var/backups/greyd.db, or ${STDOUT}`);
    }
    // Whom it belongs to may not be allowed to look for it from here.
    const dbdir = resolve(given.dbdir);
    if (to === STDOUT && surroundings.isJson)
      throw new UsageError('with --json name a file: standard output is for the copy');
    return to === STDOUT ? writeCopy(dbdir, surroundings) : saveCopy(dbdir, to, surroundings);
  },
);

/** @returns 1 if the other greyctl has said why it failed */
async function saveCopy(
  dbdir: string,
  to: string,
  { greyctl, tell, isJson, print }: Work,
): Promise<ExitStatus> {
  const file = makeNewFile(to);
  const [program, ...words] = greyctl;
  const child = spawn(program, [...words, 'backup', `--dbdir=${dbdir}`, STDOUT], {
    stdio: ['ignore', file.fd, 'inherit'],
  });
  const [status, signal] = await once(child, 'close');
  if (signal !== null) tell(`the copy was ended by ${signal}`);
  if (status !== 0) return 1;
  file.finish();
  if (isJson) print({ file: to, bytes: statSync(to).size }, '');
  return 0;
}

async function writeCopy(dbdir: string, { output, outputDevice, tell, progress }: Work): Promise<ExitStatus> {
  const { path } = becomeDatabaseOwner(dbdir);
  const copy = join(makeWorkFolder(dbdir, 'backup'), 'greyd.db');
  const copies = statSync(dbdir).dev === outputDevice ? ROOM + 1 : ROOM;
  const { triplets, clients } = copyDatabase(path, copy, (bytes) => {
    checkRoom(dbdir, copies * bytes);
    progress?.(`copying ${bytes} bytes`);
  });
  await pipeline(createReadStream(copy), output, { end: false });
  progress?.('');
  tell(`copied ${triplets} triplets and ${clients} clients, ${statSync(copy).size} bytes`);
  return 0;
}

/** A disk that is full keeps greyd from greylisting: rather no backup. */
function checkRoom(dbdir: string, needed: number): void {
  const { bavail, bsize } = statfsSync(dbdir);
  const free = bavail * bsize;
  if (free < needed) throw new Error(`${dbdir} has ${free} bytes free, a backup needs ${needed} there`);
}
