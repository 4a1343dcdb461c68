/**
 * Counts of decisions per hour in a shared store, where the counts of all hosts add up.
 *
 *   key   :== prefix "decisions:" hour               hour: its beginning in Unix seconds
 *   field :== action TAB reason TAB waited           of a hash; its value is the count
 */
import type { DecisionCount } from '../../decisions/counters.ts';
import type { UnixSeconds } from '../../time/clock.ts';
import { HOUR } from '../../time/units.ts';
import type { RedisCommand } from './client.ts';
import type { RedisConnection } from './connection.ts';
import { literalPattern } from './keys.ts';

const NAME = 'decisions:';

/**
 * @param forgetBefore Unix seconds; hours that begin before it need not be kept
 * @throws (rejects) if the server fails; some of several hours may be saved then
 */
export async function addDecisions(
  connection: RedisConnection,
  prefix: string,
  counts: readonly DecisionCount[],
  forgetBefore: UnixSeconds,
): Promise<void> {
  for (const hour of new Set(counts.map((count) => count.hour))) {
    const key = `${prefix}${NAME}${hour}`;
    const commands: RedisCommand[] = counts
      .filter((count) => count.hour === hour)
      .map(({ action, reason, waited, count }) => [
        'HINCRBY',
        key,
        [action, reason, waited].join('\t'),
        String(count),
      ]);
    const seconds = Math.max(HOUR, hour - forgetBefore + HOUR);
    await connection.send(key, [...commands, ['EXPIRE', key, String(seconds)]]);
  }
}

export async function readDecisions(connection: RedisConnection, prefix: string): Promise<DecisionCount[]> {
  // A key may occur twice.
  const keys = new Set<string>();
  for await (const names of connection.keys(`${literalPattern(prefix)}${NAME}*`)) {
    for (const name of names) keys.add(name);
  }
  const counts: DecisionCount[] = [];
  for (const key of keys) {
    const hour = Number(key.slice(prefix.length + NAME.length));
    const [answer] = await connection.send(key, [['HGETALL', key]]);
    counts.push(...readHash(hour, answer));
  }
  return counts;
}

/** Reads the counts of one hour; foreign fields are left out. */
function readHash(hour: number, answer: unknown): DecisionCount[] {
  const fields = Array.isArray(answer) ? answer.map(String) : [];
  return fields.flatMap((field, index) => {
    const [action, reason, waited] = field.split('\t');
    if (index % 2 === 1 || action === undefined || reason === undefined) return [];
    const count = { hour, action, reason, waited: Number(waited), count: Number(fields[index + 1]) };
    return [count.hour, count.waited, count.count].every(Number.isSafeInteger) ? [count] : [];
  });
}
