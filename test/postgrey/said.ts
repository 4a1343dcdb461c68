/**
 * The lines of a program about a request, in a form in which one can write down what the other one
 * would have said: the fields of the log line apart from the line.
 */
import type { Grounds } from './ledger.ts';
import type { Outcome } from './pair.ts';
import type { Profile } from './profiles.ts';
import { fieldOf, type TestRequest } from './request.ts';

/** The fields at the end of an action line, in their order. */
const SHOWN = ['client_name', 'client_address', 'sender', 'recipient'] as const;

export type Shown = Readonly<Record<(typeof SHOWN)[number], string>>;

export interface Said {
  /** Without version and date. */
  readonly answer: string;
  readonly lines: readonly string[];
  /** The fields of the action line, the last one, after its reason; '' for missing ones. */
  readonly shown: Shown | undefined;
}

/** Where something was said. */
export interface Situation {
  readonly request: TestRequest;
  readonly profile: Profile;
  readonly grounds: Grounds;
}

/** The lines of postgrey; it shows no field that is empty or `0`. */
export function postgreySaid({ answer, lines }: Outcome, request: TestRequest): Said {
  const field = (name: string) => (fieldOf(request, name) === '0' ? '' : (fieldOf(request, name) ?? ''));
  const shown: Shown = {
    client_name: field('client_name'),
    client_address: field('client_address'),
    sender: field('sender'),
    recipient: field('recipient'),
  };
  const tail = tailOf(shown);
  const last = lines.at(-1) ?? '';
  if (!last.includes('action=') || !last.endsWith(tail))
    return { answer: masked(answer), lines, shown: undefined };
  const head = last.slice(0, last.length - tail.length);
  return { answer: masked(answer), lines: [...lines.slice(0, -1), head], shown };
}

/** The same as one text, to be compared and read. */
export function textOf({ answer, lines, shown }: Said): string {
  const tail = shown === undefined ? '' : tailOf(shown);
  return [masked(answer), ...lines].join('\n') + tail;
}

function tailOf(shown: Shown): string {
  return SHOWN.filter((name) => shown[name] !== '')
    .map((name) => `, ${name}=${shown[name]}`)
    .join('');
}

/**
 * A header without what is meant to differ: name and version of the program, and the date, which
 * postgrey takes from the real clock.
 */
function masked(answer: string): string {
  if (!answer.startsWith('PREPEND ')) return answer;
  return answer
    .replace(/(?:postgrey|greyd)-/, 'NAME-')
    .replace(/\b(?:1\.37|\d\.\d+\.\d+)\b(?!\.)/, 'VERSION')
    .replace(DATE, 'DATE');
}

const DATE =
  /\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), [0-3]\d (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} [0-2]\d:[0-5]\d:[0-5]\d [A-Z]{3,5}\b/;
