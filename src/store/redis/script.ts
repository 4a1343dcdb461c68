/**
 * Compare and set, in the server: records are saved only if they are still those that the decision was based on.
 * The script is sent whole each time: a restarted server knows no script, and a command is about
 * many records.
 */
import type { RedisCommand } from './client.ts';

/** Stands for no record: there is none, or none is to be saved. */
export const NONE = '';

/** Stands for a record that is to be deleted. */
export const DELETE = 'delete';

/** The texts to save under some keys, if the current ones are `before`. */
export interface Comparison {
  readonly keys: readonly string[];
  readonly before: readonly string[];
  /** The text for each key, and its lifetime in seconds. */
  readonly save: readonly { readonly text: string; readonly seconds: number }[];
}

/**
 * ARGV, for each comparison: how many of the KEYS are its own; then for each of these: the expected text,
 * the new text, and its lifetime in seconds. Answers, for each comparison: nothing if it is done, or
 * the current texts instead.
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
    -- a value that greyd has not written counts as none
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

/** Returns the command for all comparisons, one after the other. */
export function compareAndSet(comparisons: readonly Comparison[]): RedisCommand {
  const keys = comparisons.flatMap((one) => one.keys);
  const args = comparisons.flatMap(({ before, save }) => [
    String(before.length),
    ...save.flatMap(({ text, seconds }, index) => [before[index] ?? NONE, text, String(seconds)]),
  ]);
  return ['EVAL', COMPARE_AND_SET, String(keys.length), ...keys, ...args];
}

/** @returns for each comparison nothing if it is done, or the current texts under its keys */
export function readAnswer(answer: unknown): (readonly string[] | undefined)[] {
  return (answer as (readonly string[] | null)[]).map((texts) => texts ?? undefined);
}
