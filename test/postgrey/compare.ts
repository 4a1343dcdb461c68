/**
 * Compares what both programs said in a conversation, with the list of differences in hand.
 */
import { DIFFERENCES, type Difference } from './differences.ts';
import { Ledger } from './ledger.ts';
import type { Exchange } from './pair.ts';
import { type Profile, profileName } from './profiles.ts';
import { fieldOf } from './request.ts';
import { postgreySaid, textOf } from './said.ts';

export interface Comparison {
  /** The number of compared exchanges: all, unless the programs have parted. */
  readonly compared: number;
  /** Differences that were seen and are on the list, as often as they were seen. */
  readonly explained: readonly Difference[];
  /** From some exchange on the programs know different things, for a reason on the list. */
  readonly haveParted: boolean;
  /** The conversation up to an exchange that nothing on the list explains, and what was said there. */
  readonly unexplained: string | undefined;
}

export function compare(exchanges: readonly Exchange[], profile: Profile): Comparison {
  const ledger = new Ledger(profile.options);
  const explained: Difference[] = [];
  for (const [index, exchange] of exchanges.entries()) {
    const { request, postgrey, greyd } = exchange;
    const grounds = ledger.note(exchange);
    const actual = textOf({ ...greyd, shown: undefined });
    const failed = (expected: string): Comparison => ({
      compared: index,
      explained,
      haveParted: false,
      unexplained: transcript(exchanges.slice(0, index + 1), profile, expected, actual),
    });

    for (const difference of DIFFERENCES) {
      const expected = difference.parts?.(grounds);
      if (expected === undefined) continue;
      if (!expected.test(greyd.lines.at(-1) ?? '')) return failed(`${expected} (${difference.name})`);
      return {
        compared: index,
        explained: [...explained, difference],
        haveParted: true,
        unexplained: undefined,
      };
    }

    let said = postgreySaid(postgrey, request);
    for (const difference of DIFFERENCES) {
      const next = difference.inGreyd?.(said, { request, profile, grounds }) ?? said;
      if (textOf(next) !== textOf(said)) explained.push(difference);
      said = next;
    }
    if (textOf(said) !== actual) return failed(textOf(said));
  }
  return { compared: exchanges.length, explained, haveParted: false, unexplained: undefined };
}

function transcript(
  exchanges: readonly Exchange[],
  profile: Profile,
  expected: string,
  actual: string,
): string {
  const start = exchanges[0]?.request.time ?? 0;
  const lines = exchanges.map(({ request, postgrey, greyd }) => {
    const field = (name: string) => fieldOf(request, name) ?? '(none)';
    const who = `${field('client_name')}[${field('client_address')}] <${field('sender')}> <${field('recipient')}>`;
    const answers =
      postgrey.answer === greyd.answer ? postgrey.answer : `${postgrey.answer} / ${greyd.answer}`;
    return `+${request.time - start} s ${who} instance=${field('instance')}: ${answers}`;
  });
  const last = JSON.stringify(exchanges.at(-1)?.request.attributes);
  return [
    `profile: ${profileName(profile)}`,
    ...lines,
    `the last request: ${last}`,
    `postgrey said, in greyd's form:\n${expected}`,
    `greyd said:\n${actual}`,
  ].join('\n');
}
