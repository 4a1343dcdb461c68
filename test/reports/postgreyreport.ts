/**
 * The real postgreyreport, and the database that it looks triplets up in.
 */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { temporaryDirectory } from '../support/daemon.ts';
import { greyctl } from '../support/greyctl.ts';

/** @param dbdir a database directory of postgrey @returns the lines that it prints, which come in no certain order */
export function postgreyreport(log: string, dbdir: string, args: readonly string[] = []): string[] {
  const text = execFileSync('postgreyreport', ['--user=root', `--dbdir=${dbdir}`, ...args], {
    input: log,
    encoding: 'utf8',
  });
  return text.split('\n').slice(0, -1).sort();
}

/** Turns a database of greyd into one of postgrey. @returns its directory */
export async function exported(dbdir: string): Promise<string> {
  const { status, stdout, stderr } = await greyctl([
    'export',
    `--dbdir=${dbdir}`,
    '--format=postgrey',
    'triplets',
  ]);
  if (status !== 0) throw new Error(`greyctl export: ${stderr}`);
  const folder = temporaryDirectory();
  execFileSync('db_load', [join(folder, 'postgrey.db')], { input: stdout });
  return folder;
}
