/**
 * The commands of greyctl by their names.
 */
import { backupCommand } from './backup.ts';
import { checkCommand } from './check.ts';
import type { Command } from './command.ts';
import { exportCommand } from './export.ts';
import { importCommand } from './import.ts';
import { reportCommand } from './report.ts';

export const COMMANDS: ReadonlyMap<string, Command> = new Map([
  ['import', importCommand],
  ['export', exportCommand],
  ['report', reportCommand],
  ['backup', backupCommand],
  ['check', checkCommand],
]);
