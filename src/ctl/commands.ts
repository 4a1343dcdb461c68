/**
 * The commands of greyctl by their names, in the order of --help.
 */
import { backupCommand } from './backup.ts';
import { checkCommand } from './check.ts';
import type { Command } from './command.ts';
import { copyCommand } from './copy.ts';
import { explainCommand } from './explain.ts';
import { exportCommand } from './export.ts';
import { forgetCommand } from './forget.ts';
import { importCommand } from './import.ts';
import { listCommand } from './list.ts';
import { passCommand } from './pass.ts';
import { queryCommand } from './query.ts';
import { reportCommand } from './report.ts';
import { searchCommand } from './search.ts';
import { showCommand } from './show.ts';
import { statsCommand } from './stats.ts';
import { topCommand } from './top.ts';

export const COMMANDS: ReadonlyMap<string, Command> = new Map([
  ['explain', explainCommand],
  ['pass', passCommand],
  ['forget', forgetCommand],
  ['show', showCommand],
  ['list', listCommand],
  ['search', searchCommand],
  ['stats', statsCommand],
  ['top', topCommand],
  ['query', queryCommand],
  ['report', reportCommand],
  ['import', importCommand],
  ['export', exportCommand],
  ['copy', copyCommand],
  ['backup', backupCommand],
  ['check', checkCommand],
]);
