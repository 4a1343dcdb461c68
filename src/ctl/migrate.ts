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
import { checkPostgrey } from './migrate/check-postgrey.ts';
import { type Findings, findEverything, type GivenMigration } from './migrate/findings.ts';
import { lockOthersOut } from './migrate/lock.ts';
import { POSTGREY } from './migrate/places.ts';
import { makePlan, type Plan } from './migrate/plan.ts';
import { namesOf } from './migrate/sockets.ts';
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
    if (!isDryRun) lockOthersOut();
    const { greyctl, progress } = work;
    const manager = existsSync('/run/systemd/system') ? systemd : sysv;
    const found = await findEverything(given, manager);
    for (const note of found.notes) work.tell(note);
    const plan = makePlan({ ...found, greyctl, showsProgress: progress !== undefined });
    if (isDryRun) return tellSteps(plan, work);
    const outcome = await runSteps(plan.steps, work.holdSignals(), listenerFor(plan, work));
    if (outcome !== 'done') return tellUndone(found, outcome, work);
    plan.finish();
    return tellDone(found, work);
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

function tellDone({ postgrey, sockets }: Findings, { print }: Work): ExitStatus {
  print(
    { done: true, sockets: sockets.map(({ name }) => name) },
    `\ngreyd answers on ${namesOf(sockets)} in the place of postgrey; main.cf stays as it is.\n` +
      `postgrey is off, and its files are as they were: ${postgrey.defaults}, ${postgrey.dbdir}. The way back is in README.md.\n` +
      'When all is well: apt-get remove postgrey',
  );
  return 0;
}

async function tellUndone(
  { postgrey, sockets }: Findings,
  outcome: Outcome,
  { print, tell }: Work,
): Promise<ExitStatus> {
  const isComplete = outcome === 'undone';
  if (!isComplete) tell('not everything could be undone: see above, and mend it by hand');
  print(
    { done: false, undone: isComplete },
    isComplete ? 'everything is as it was before' : 'not everything is as it was before',
  );
  if (postgrey.service?.wasActive !== true) return 1;
  try {
    const answering = await checkPostgrey(sockets);
    print(
      { postgrey: 'answers', sockets: answering.map(({ name }) => name) },
      `postgrey answers on ${namesOf(answering)}`,
    );
  } catch (error) {
    tell(`postgrey does not answer: ${errorText(error)}`);
  }
  return 1;
}
