/**
 * Compare and set, in the server: records are saved only where they are still what a decision was made of.
 * The script is sent whole each time: a server that was started anew knows of none, and a command is about
 * many records.
 */
import type { RedisCommand } from './redis-client.ts';

/** In place of the text of a record: there is none, or none is to be saved. */
export const NONE = '';

/** In place of the text of a record that is to be saved: what is there is to be deleted. */
export const DELETE = 'delete';

/** What is to be there under some keys, if what is there is `before`. */
export interface Comparison {
  readonly keys: readonly string[];
  readonly before: readonly string[];
  /** For each key its text, and for how many seconds that stays. */
  readonly save: readonly { readonly text: string; readonly seconds: number }[];
}

/**
 * ARGV, for each comparison: how many of the KEYS are its own; then for each of these: what must be there,
 * what is to be there, and for how many seconds. Answers, for each comparison: nothing if that is done, or
 * what is there instead.
 */
const COMPARE_AND_SET = `
local answers = {}
local key, arg = 1, 1
while arg <= #ARGV do
  local count = tonumber(ARGV[arg])
  arg = arg + 1
  local found, same = {}, true
  for i = 1, count do
    local text = redis.pcall('GET', KEYS[key + i - 1])
    -- what somebody else has put there is none of ours
    found[i] = type(text) == 'string' and string.find(text, '^%d+ %d+$') and text or ''
    if found[i] ~= ARGV[arg + 3 * (i - 1)] then same = false end
  end
  -- nil would end the list of answers
  answers[#answers + 1] = found
  if same then
    answers[#answers] = false
    for i = 1, count do
      local at = arg + 3 * (i - 1)
      if ARGV[at + 1] == 'delete' then
        redis.call('DEL', KEYS[key + i - 1])
      elseif ARGV[at + 1] ~= '' then
        redis.call('SET', KEYS[key + i - 1], ARGV[at + 1], 'EX', ARGV[at + 2])
      end
    end
  end
  key = key + count
  arg = arg + 3 * count
end
return answers`;

/** The command that does all of it, one comparison after the other. */
export function compareAndSet(comparisons: readonly Comparison[]): RedisCommand {
  const keys = comparisons.flatMap((one) => one.keys);
  const args = comparisons.flatMap(({ before, save }) => [
    String(before.length),
    ...save.flatMap(({ text, seconds }, index) => [before[index] ?? NONE, text, String(seconds)]),
  ]);
  return ['EVAL', COMPARE_AND_SET, String(keys.length), ...keys, ...args];
}

/** @returns for each comparison nothing if it is done, or the texts that are there under its keys instead */
export function readAnswer(answer: unknown): (readonly string[] | undefined)[] {
  return (answer as (readonly string[] | null)[]).map((texts) => texts ?? undefined);
}
