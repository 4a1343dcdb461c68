/**
 * greyctl backup: copies the database while greyd runs.
 *
 * The account that owns the database makes the copy, in a folder beside it. Started as root, greyctl stays
 * root to write the file and reads nothing of the database: a second greyctl, which drops root, sends it the copy.
 *
 * Known limits: the directory of the database must have room for a second copy for a moment. Two files are
 * taken to be on the same disk if their device numbers are equal: btrfs gives each subvolume its own number.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream, statfsSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { counted } from '../../inspect/format/counted.ts';
import { UsageError } from '../../options/command-line.ts';
import { DBDIR_OPTION } from '../../options/of-daemon.ts';
import { makeNewFile } from '../../service/new-file.ts';
import { makeWorkFolder } from '../../service/work-folder.ts';
import { copyDatabase } from '../../store/sqlite/maintenance.ts';
import { type ExitStatus, makeCommand, type Work } from '../command.ts';
import { becomeDatabaseOwner } from '../records.ts';

/** Stands for standard output, in place of a file. */
const STDOUT = '-';

/**
 * The free space required beside the database, in sizes of the copy: one for the copy, one for greyd, which
 * writes meanwhile. One more if the output goes to the same file system.
 */
const ROOM = 2;

export const backupCommand = makeCommand(
  {
    name: 'greyctl backup',
    summary: 'copy the database while greyd runs',
    usage: '[--dbdir=PATH] FILE | -',
    description:
      'Copies the database, as it is at one moment, to a file that must not exist yet, or to standard ' +
      'output. greyd may run meanwhile, and is not slowed down. With --privacy the copy can be used only with ' +
      'the file greyd.secret: keep a copy of that too.\n\n' +
      'Examples:\n' +
      '  greyctl backup /var/backups/greyd-$(date +%F).db\n' +
      '  ssh mx2 greyctl backup - > mx2.db',
    options: [DBDIR_OPTION],
    arguments: {
      positional: {
        expected: `one FILE to write, as /var/backups/greyd.db, or ${STDOUT}`,
        isFile: true,
        count: [1, 1],
      },
    },
  },
  async (given, { values: [to = STDOUT] }, surroundings) => {
    // The owner of the database may not be allowed to read the working directory.
    const dbdir = resolve(given.dbdir);
    if (to === STDOUT && surroundings.isJson)
      throw new UsageError('--json needs a FILE: standard output is taken by the copy');
    return to === STDOUT ? writeCopy(dbdir, surroundings) : saveCopy(dbdir, to, surroundings);
  },
);

/** @returns 1 if the second greyctl failed, which has printed the reason */
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
  if (signal !== null) tell(`backup interrupted by ${signal}`);
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
  tell(
    `copied ${counted(triplets, 'triplet')} and ${counted(clients, 'client')}, ${statSync(copy).size} bytes`,
  );
  return 0;
}

/** Refuses a backup that could fill the disk: greyd cannot greylist on a full one. */
function checkRoom(dbdir: string, needed: number): void {
  const { bavail, bsize } = statfsSync(dbdir);
  const free = bavail * bsize;
  if (free < needed)
    throw new Error(`not enough space in ${dbdir}: ${free} bytes free, a backup needs ${needed}`);
}
