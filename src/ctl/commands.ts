/**
 * The commands of greyctl by their names.
 */
import { backupCommand } from './backup.ts';
import { checkCommand } from './check.ts';
import type { Command } from './command.ts';
import { copyCommand } from './copy.ts';
import { exportCommand } from './export.ts';
import { importCommand } from './import.ts';
import { listCommand } from './list.ts';
import { reportCommand } from './report.ts';
import { statsCommand } from './stats.ts';

export const COMMANDS: ReadonlyMap<string, Command> = new Map([
  ['import', importCommand],
  ['export', exportCommand],
  ['copy', copyCommand],
  ['list', listCommand],
  ['stats', statsCommand],
  ['report', reportCommand],
  ['backup', backupCommand],
  ['check', checkCommand],
]);
