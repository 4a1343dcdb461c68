/**
 * The measures of each request, taken by wrappers around the functions and parts that do the work. They
 * exist with --metrics only; without it they cost nothing.
 */
import type { AnswerRequest } from '../server/connection.ts';
import type { Greylisting, Verdict } from '../store-thread/greylister.ts';
import type { Clock } from '../time/clock.ts';
import { DAY, HOUR, MINUTE } from '../time/units.ts';
import { DurationCounts } from './duration-counts.ts';
import { oncePerTurn } from './turn-clock.ts';

/** Seconds: from an answer out of memory to Postfix's limit with `timeout=10s`. */
const ANSWER_BOUNDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Seconds: from just above the shortest sensible --delay to the default --retry-window. */
const DELAY_BOUNDS = [
  ...[1, 2, 5, 6, 7, 10, 15, 20, 30, 45].map((minutes) => minutes * MINUTE),
  ...[1, 2, 4, 8, 12].map((hours) => hours * HOUR),
  ...[1, 2].map((days) => days * DAY),
];

export class Measures {
  /** Time from a complete request to its answer. */
  readonly requests = new DurationCounts(ANSWER_BOUNDS);
  /** Time from a query of the store to its answer, or to the time-out. */
  readonly store = new DurationCounts(ANSWER_BOUNDS);
  /** How long mail was greylisted until it first passed. */
  readonly delays = new DurationCounts(DELAY_BOUNDS);
  readonly #uptime: Clock['uptime'];

  /** @param uptime milliseconds, on the monotonic clock */
  constructor(uptime: Clock['uptime']) {
    this.#uptime = oncePerTurn(uptime);
  }

  /** Returns the same function, with each answer timed. */
  timed(answer: AnswerRequest): AnswerRequest {
    const { requests } = this;
    const uptime = this.#uptime;
    return (request, isOutgoing) => {
      const begin = uptime();
      const note = () => requests.note((uptime() - begin) / 1000);
      // Timed beside the request, so that its caller waits for nothing more.
      const answered = answer(request, isOutgoing);
      answered.then(note, note);
      return answered;
    };
  }

  /** Returns the same greylisting, with each decision timed, and each delay noted. */
  watched(greylisting: Pick<Greylisting, 'decide'>): Pick<Greylisting, 'decide'> {
    const { store, delays } = this;
    const uptime = this.#uptime;
    return {
      decide: (visit): Promise<Verdict> => {
        const begin = uptime();
        const note = (verdict?: Verdict) => {
          store.note((uptime() - begin) / 1000);
          if (verdict?.reason === 'triplet found' && verdict.delayed !== undefined) {
            delays.note(verdict.delayed);
          }
        };
        const decided = greylisting.decide(visit);
        decided.then(note, () => note());
        return decided;
      },
    };
  }
}
