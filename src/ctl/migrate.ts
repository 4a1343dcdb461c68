/**
 * greyctl migrate: has greyd take postgrey's place, on the same sockets, with its options, records and whitelist
 * entries; and undoes everything if greyd does not answer there then. postgrey's own files are only read.
 *
 * What is done is in migrate/plan.ts; here it is told.
 */
import { existsSync } from 'node:fs';
import { UsageError } from '../command-line.ts';
import { errorText } from '../log/error-text.ts';
import { printable } from '../log/printable.ts';
import { isRoot } from '../service/account.ts';
import { type ExitStatus, makeCommand, type Work } from './command.ts';
import { checkPostgrey } from './migrate/check.ts';
import { POSTGREY } from './migrate/places.ts';
import { type GivenMigration, makePlan, type Plan } from './migrate/plan.ts';
import { type Listener, type Outcome, runSteps } from './migrate/steps.ts';
import { systemd } from './migrate/systemd.ts';
import { sysv } from './migrate/sysv.ts';

interface Given extends GivenMigration {
  dryRun?: true;
}

export const migrateCommand = makeCommand<Given>(
  {
    name: 'greyctl migrate',
    summary: "have greyd take postgrey's place",
    usage: '[--dry-run] [options]',
    description:
      'Has greyd take the place of the postgrey that is installed here: takes over its records, its options ' +
      '(POSTGREY_OPTS, POSTGREY_TEXT) and its own whitelist entries, stops postgrey, and starts greyd on the same ' +
      'sockets, so that main.cf need not change. Then it asks greyd there, and undoes everything if the answer ' +
      "is not as it should be, or on Ctrl-C. It needs root, and Debian's package db-util. The files of postgrey " +
      'stay as they are.\n\n' +
      'Examples:\n' +
      '  greyctl migrate --dry-run\n' +
      '  greyctl migrate',
    options: [
      { flags: '--dry-run', help: 'print each step, and change nothing' },
      {
        flags: '--postgrey-defaults <FILE>',
        help: 'where POSTGREY_OPTS of postgrey stands',
        defaultText: POSTGREY.defaults,
      },
      {
        flags: '--postgrey-dir <DIR>',
        help: 'where the records of postgrey are',
        defaultText: `its --dbdir, else ${POSTGREY.dbdir}`,
      },
      {
        flags: '--postgrey-whitelists <DIR>',
        help: 'where its whitelists are',
        default: POSTGREY.whitelists,
      },
    ],
    words: [],
  },
  async (given, words, work) => {
    if (words.length > 0) throw new UsageError('name nothing but options, see greyctl migrate --help');
    const isDryRun = given.dryRun ?? false;
    if (!isRoot() && !isDryRun) {
      throw new Error('this takes root; greyctl migrate --dry-run shows what would be done');
    }
    const { greyctl, progress } = work;
    const manager = existsSync('/run/systemd/system') ? systemd : sysv;
    const plan = await makePlan(given, manager, { greyctl, showsProgress: progress !== undefined });
    for (const note of plan.notes) work.tell(note);
    if (isDryRun) return tellSteps(plan, work);
    const outcome = await runSteps(plan.steps, work.holdSignals(), listenerFor(plan, work));
    if (outcome === 'done') return tellDone(plan, work);
    return tellUndone(plan, outcome, work);
  },
);

function tellSteps({ steps }: Plan, { print }: Work): ExitStatus {
  for (const [index, { text }] of steps.entries())
    print({ step: index + 1, text }, `${index + 1}. ${printable(text)}`);
  return 0;
}

function listenerFor({ steps }: Plan, { print, tell }: Work): Listener {
  let step = 0;
  return {
    begins: (text) => {
      step += 1;
      print({ step, of: steps.length, text }, `${step}. ${printable(text)}`);
    },
    says: (line) => void print({ step, says: line }, `   ${printable(line)}`),
    failed: (text, reason) => {
      print({ failed: text, reason }, `failed: ${printable(reason)}`);
      tell('the migration is undone, please wait');
    },
    undone: (text) => void print({ undone: text }, `undone: ${printable(text)}`),
    notUndone: (text, reason) =>
      void print({ not_undone: text, reason }, `NOT undone: ${printable(text)}: ${printable(reason)}`),
  };
}

function tellDone({ postgrey, sockets, finish }: Plan, { print }: Work): ExitStatus {
  finish();
  const names = sockets.map(({ name }) => name).join(', ');
  print(
    { done: true, sockets: sockets.map(({ name }) => name) },
    `\ngreyd answers on ${names} in the place of postgrey; main.cf stays as it is.\n` +
      `postgrey is off, and its files are as they were: ${postgrey.defaults}, ${postgrey.dbdir}. The way back is in README.md.\n` +
      'When all is well: apt-get remove postgrey',
  );
  return 0;
}

async function tellUndone(
  { postgrey, sockets }: Plan,
  outcome: Outcome,
  { print, tell }: Work,
): Promise<ExitStatus> {
  const isComplete = outcome === 'undone';
  if (!isComplete) tell('not everything could be undone: see above, and mend it by hand');
  print({ done: false, undone: isComplete }, isComplete ? 'everything is as it was before' : '');
  const [socket] = sockets;
  if (postgrey.service?.wasActive !== true || socket === undefined) return 1;
  try {
    await checkPostgrey(socket);
    print({ postgrey: 'answers', socket: socket.name }, `postgrey answers on ${socket.name}`);
  } catch (error) {
    tell(`postgrey does not answer: ${errorText(error)}`);
  }
  return 1;
}
