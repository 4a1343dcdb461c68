/**
 * The steps of a plan, done in their order; if one fails, or the administrator breaks off, all that were begun
 * are undone in the reverse order. What cannot be undone is told, and the others are undone all the same.
 */
import { errorText } from '../../log/error-text.ts';

export interface Step {
  /** What it does, in the imperative: `stop postgrey`. */
  readonly text: string;
  /**
   * @param interrupted aborted when the step may be left half done
   * @returns lines that are worth telling
   * @throws (rejects) if it failed
   */
  readonly apply: (interrupted: AbortSignal) => Promise<readonly string[]>;
  /** Absent: it changes nothing. */
  readonly undo?: {
    readonly text: string;
    /** Undoes what was done, be it only half of it. */
    readonly apply: () => Promise<void>;
  };
}

/** Is told of each step. */
export interface Listener {
  readonly begins: (text: string) => void;
  readonly says: (line: string) => void;
  readonly failed: (text: string, reason: string) => void;
  readonly undone: (text: string) => void;
  readonly notUndone: (text: string, reason: string) => void;
}

/** `not undone`: something is not as it was before. */
export type Outcome = 'done' | 'undone' | 'not undone';

export async function runSteps(
  steps: readonly Step[],
  interrupted: AbortSignal,
  listener: Listener,
): Promise<Outcome> {
  const begun: Step[] = [];
  for (const step of steps) {
    begun.unshift(step);
    listener.begins(step.text);
    try {
      for (const line of await step.apply(interrupted)) listener.says(line);
      if (interrupted.aborted) throw new Error('broken off');
    } catch (error) {
      listener.failed(step.text, interrupted.aborted ? 'broken off' : errorText(error));
      return undoAll(begun, listener);
    }
  }
  return 'done';
}

async function undoAll(begun: readonly Step[], listener: Listener): Promise<Outcome> {
  let outcome: Outcome = 'undone';
  for (const { undo } of begun) {
    if (undo === undefined) continue;
    try {
      await undo.apply();
      listener.undone(undo.text);
    } catch (error) {
      listener.notUndone(undo.text, errorText(error));
      outcome = 'not undone';
    }
  }
  return outcome;
}
