/**
 * Runs the steps of a plan in their order. If one fails, or the administrator interrupts it, all steps that were begun
 * are rolled back in reverse order. A step that cannot be rolled back is reported, and the rollback continues.
 */
import { errorText } from '../../errors/text.ts';

export interface MigrationStep {
  /** Names the step, in the imperative: `stop postgrey`. */
  readonly text: string;
  /**
   * @param interrupted aborted when the step may stop half done
   * @returns lines for the administrator
   * @throws (rejects) if the step failed
   */
  readonly apply: (interrupted: AbortSignal) => Promise<readonly string[]>;
  /** The rollback of the step; absent: it changes nothing. */
  readonly rollback?: {
    readonly text: string;
    /** Rolls the step back, even if it was only half done. */
    readonly apply: () => Promise<void>;
  };
}

/** Receives the progress of the steps. */
export interface Listener {
  readonly begins: (text: string) => void;
  readonly says: (line: string) => void;
  readonly failed: (text: string, reason: string) => void;
  readonly rolledBack: (text: string) => void;
  readonly notRolledBack: (text: string, reason: string) => void;
}

/** `not rolled back`: the rollback is incomplete. */
export type MigrationOutcome = 'done' | 'rolled back' | 'not rolled back';

export async function runSteps(
  steps: readonly MigrationStep[],
  interrupted: AbortSignal,
  listener: Listener,
): Promise<MigrationOutcome> {
  const begun: MigrationStep[] = [];
  for (const step of steps) {
    begun.unshift(step);
    listener.begins(step.text);
    try {
      for (const line of await step.apply(interrupted)) listener.says(line);
      if (interrupted.aborted) throw new Error('interrupted');
    } catch (error) {
      listener.failed(step.text, interrupted.aborted ? 'interrupted' : errorText(error));
      return rollBack(begun, listener);
    }
  }
  return 'done';
}

async function rollBack(begun: readonly MigrationStep[], listener: Listener): Promise<MigrationOutcome> {
  let outcome: MigrationOutcome = 'rolled back';
  for (const { rollback } of begun) {
    if (rollback === undefined) continue;
    try {
      await rollback.apply();
      listener.rolledBack(rollback.text);
    } catch (error) {
      listener.notRolledBack(rollback.text, errorText(error));
      outcome = 'not rolled back';
    }
  }
  return outcome;
}
