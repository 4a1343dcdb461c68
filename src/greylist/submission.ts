/**
 * Correspondents: whoever writes to somebody elsewhere expects an answer. It passes without a wait, and so does the
 * null sender for a few days: bounces of this mail, and servers that verify the sender's address.
 */
import type { UnixSeconds } from '../time/clock.ts';
import { type ClientKey, correspondentKey } from './keys.ts';
import { type ClientRecord, isDue } from './records.ts';
import type { Submission } from './visit.ts';

export interface SubmissionVerdict {
  readonly action: 'outgoing';
  /** `known`: it was recorded less than an hour ago. */
  readonly reason: 'recorded' | 'known';
}

/** Returns the keys of a submission: for answers of the correspondent, and for the null sender. */
export function correspondentKeys({ user, correspondent }: Submission): readonly [ClientKey, ClientKey] {
  return [correspondentKey(user, correspondent), correspondentKey(user, '')];
}

/** Returns what is to be saved under `correspondentKeys`, each at most once an hour. */
export function recordSubmission(
  known: readonly (ClientRecord | undefined)[],
  now: UnixSeconds,
): { readonly verdict: SubmissionVerdict; readonly save: readonly (ClientRecord | undefined)[] } {
  const save = known.map((record) => {
    if (record !== undefined && !isDue(record.last, now)) return undefined;
    return { count: (record?.count ?? 0) + 1, last: now };
  });
  const isNew = save.some((record) => record !== undefined);
  return { verdict: { action: 'outgoing', reason: isNew ? 'recorded' : 'known' }, save };
}
