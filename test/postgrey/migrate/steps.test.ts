import { expect, test } from 'vitest';
import { type Listener, type MigrationStep, runSteps } from '../../../src/postgrey/migrate/steps.ts';

/** The events, in their order. */
function journal() {
  const lines: string[] = [];
  const listener: Listener = {
    begins: (text) => void lines.push(`begins ${text}`),
    says: (line) => void lines.push(`says ${line}`),
    failed: (text, reason) => void lines.push(`failed ${text}: ${reason}`),
    rolledBack: (text) => void lines.push(`undone ${text}`),
    notRolledBack: (text, reason) => void lines.push(`not undone ${text}: ${reason}`),
  };
  return { lines, listener };
}

const step = (text: string, { fails = false, stays = false, hasUndo = true } = {}): MigrationStep => ({
  text,
  apply: async () => {
    if (fails) throw new Error('broken');
    return [];
  },
  ...(hasUndo && {
    rollback: {
      text,
      apply: async () => {
        if (stays) throw new Error('it is stuck');
      },
    },
  }),
});

const never = () => new AbortController().signal;

test('steps are done in their order', async () => {
  const { lines, listener } = journal();
  const talking: MigrationStep = { text: 'b', apply: async () => ['hello'] };
  expect(await runSteps([step('a'), talking], never(), listener)).toBe('done');
  expect(lines).toEqual(['begins a', 'begins b', 'says hello']);
});

test('a failure undoes those that were begun, the last one first, and itself too', async () => {
  const { lines, listener } = journal();
  const steps = [step('a'), step('b', { hasUndo: false }), step('c', { fails: true }), step('d')];
  expect(await runSteps(steps, never(), listener)).toBe('rolled back');
  expect(lines.slice(3)).toEqual(['failed c: broken', 'undone c', 'undone a']);
});

test('a step that cannot be rolled back is reported, and the others are rolled back', async () => {
  const { lines, listener } = journal();
  const steps = [step('a'), step('b', { stays: true }), step('c', { fails: true })];
  expect(await runSteps(steps, never(), listener)).toBe('not rolled back');
  expect(lines.slice(4)).toEqual(['undone c', 'not undone b: it is stuck', 'undone a']);
});

test.each(['in a step', 'in the last step'])('an interrupt %s rolls everything back', async (when) => {
  const { lines, listener } = journal();
  const controller = new AbortController();
  const broken: MigrationStep = {
    ...step('b'),
    apply: async () => {
      controller.abort();
      return [];
    },
  };
  const steps = [step('a'), broken, ...(when === 'in a step' ? [step('c')] : [])];
  expect(await runSteps(steps, controller.signal, listener)).toBe('rolled back');
  expect(lines).toEqual(['begins a', 'begins b', 'failed b: interrupted', 'undone b', 'undone a']);
});
