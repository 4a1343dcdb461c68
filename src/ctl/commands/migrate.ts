/**
 * greyctl migrate: replaces postgrey with greyd, on the same sockets, with its options, records and whitelist
 * entries, and rolls back if greyd does not answer there. postgrey's own files are only read.
 *
 * The steps are in migrate/plan.ts; this file prints them.
 */
import { existsSync } from 'node:fs';
import { errorText } from '../../errors/text.ts';
import { printable } from '../../log/printable.ts';
import { DEFAULTS_FILE } from '../../options/defaults-file.ts';
import { checkPostgrey } from '../../postgrey/migrate/check-postgrey.ts';
import { lockOthersOut } from '../../postgrey/migrate/lock.ts';
import { POSTGREY } from '../../postgrey/migrate/places.ts';
import { makePlan, type Plan } from '../../postgrey/migrate/plan.ts';
import { type Preflight, runPreflight } from '../../postgrey/migrate/preflight.ts';
import { namesOf } from '../../postgrey/migrate/sockets.ts';
import { type Listener, type MigrationOutcome, runSteps } from '../../postgrey/migrate/steps.ts';
import { systemd } from '../../postgrey/migrate/systemd.ts';
import { sysv } from '../../postgrey/migrate/sysv.ts';
import { isRoot } from '../../service/account.ts';
import { type ExitStatus, makeCommand, type Work } from '../command.ts';

export const migrateCommand = makeCommand(
  {
    name: 'greyctl migrate',
    summary: 'replace postgrey with greyd',
    usage: '[--dry-run] [options]',
    description:
      'Replaces the installed postgrey with greyd: takes over its records, its options ' +
      '(POSTGREY_OPTS, POSTGREY_TEXT) and its own whitelist entries, stops postgrey, and starts greyd on the same ' +
      'sockets, so that main.cf need not change. Then it queries greyd there, and rolls everything back if the ' +
      "answer is wrong, or on Ctrl-C. It needs root, and Debian's package db-util. The files of postgrey are not " +
      'changed.\n\n' +
      'Examples:\n' +
      '  greyctl migrate --dry-run\n' +
      '  greyctl migrate',
    options: [
      { flags: '--dry-run', help: 'print the steps, and change nothing' },
      {
        flags: '--postgrey-defaults <FILE>',
        help: 'file with POSTGREY_OPTS of postgrey',
        defaultText: POSTGREY.defaults,
      },
      {
        flags: '--postgrey-dir <DIR>',
        help: 'directory with the records of postgrey',
        defaultText: `its --dbdir, else ${POSTGREY.dbdir}`,
      },
      {
        flags: '--postgrey-whitelists <DIR>',
        help: 'directory with the whitelists of postgrey',
        default: POSTGREY.whitelists,
      },
    ],
    arguments: {},
  },
  async (given, _, work) => {
    const isDryRun = given.dryRun ?? false;
    if (!isRoot() && !isDryRun) {
      throw new Error('must be run as root; greyctl migrate --dry-run shows the steps');
    }
    if (!isDryRun) lockOthersOut();
    const { greyctl, progress } = work;
    const manager = existsSync('/run/systemd/system') ? systemd : sysv;
    const found = await runPreflight(given, manager);
    for (const note of found.notes) work.tell(note);
    const plan = makePlan({ ...found, greyctl, showsProgress: progress !== undefined });
    if (isDryRun) return tellSteps(plan, work);
    const outcome = await runSteps(plan.steps, work.holdSignals(), listenerFor(plan, work));
    if (outcome !== 'done') return tellRolledBack(found, outcome, work);
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
      tell('rolling back, please wait');
    },
    rolledBack: (text) => void print({ undone: text }, `rolled back: ${printable(text)}`),
    notRolledBack: (text, reason) =>
      void print({ not_undone: text, reason }, `NOT rolled back: ${printable(text)}: ${printable(reason)}`),
  };
}

function tellDone({ postgrey, sockets, defaults: { smartLine } }: Preflight, { print }: Work): ExitStatus {
  print(
    { done: true, sockets: sockets.map(({ name }) => name) },
    `\ngreyd has replaced postgrey on ${namesOf(sockets)}; main.cf need not change.\n` +
      `postgrey is stopped and disabled; its files are unchanged: ${postgrey.defaults}, ${postgrey.dbdir}\n` +
      'The way back: /usr/share/doc/greyd/docs/from-postgrey.md\n' +
      'When all is well: apt-get remove postgrey' +
      (smartLine === undefined ? '' : `\n\n${smartHint(smartLine)}`),
  );
  return 0;
}

function smartHint(line: string): string {
  return (
    'To have good mail wait less (/usr/share/doc/greyd/docs/good-mail.md), ' +
    `add this line at the end of ${DEFAULTS_FILE} and restart greyd:\n  ${line}`
  );
}

async function tellRolledBack(
  { postgrey, sockets }: Preflight,
  outcome: MigrationOutcome,
  { print, tell }: Work,
): Promise<ExitStatus> {
  const isComplete = outcome === 'rolled back';
  if (!isComplete) tell('rollback incomplete: repair the steps marked NOT rolled back by hand');
  print(
    { done: false, undone: isComplete },
    isComplete ? 'rollback complete: everything is as it was before' : 'not everything is as it was before',
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
