/**
 * What is measured of each request, by functions and parts that are put around those that do the work. They
 * are there with --metrics only; without it nothing of this is paid.
 */
import type { Greylisting, Judgement, Visit } from '../greylister/greylister.ts';
import type { AnswerRequest } from '../server/connection.ts';
import { DurationCounts } from './duration-counts.ts';
import { oncePerTurn } from './turn-clock.ts';

/** In seconds: from what memory answers to what Postfix, with `timeout=10s`, does not wait for. */
const ANSWER_BOUNDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** From shortly after the least --delay that makes sense to the default --retry-window. */
const DELAY_BOUNDS = [
  ...[1, 2, 5, 6, 7, 10, 15, 20, 30, 45].map((minutes) => minutes * MINUTE),
  ...[1, 2, 4, 8, 12].map((hours) => hours * HOUR),
  ...[1, 2].map((days) => days * DAY),
];

export class Measures {
  /** From a whole request to its answer. */
  readonly requests = new DurationCounts(ANSWER_BOUNDS);
  /** From a question to the store to its answer, or to giving it up. */
  readonly store = new DurationCounts(ANSWER_BOUNDS);
  /** How long mail was put off when it first passes. */
  readonly delays = new DurationCounts(DELAY_BOUNDS);
  readonly #uptime: () => number;

  /** @param uptime milliseconds, on a clock that nobody sets */
  constructor(uptime: () => number) {
    this.#uptime = oncePerTurn(uptime);
  }

  /** The same function, with each answer timed. */
  timed(answer: AnswerRequest): AnswerRequest {
    const { requests } = this;
    const uptime = this.#uptime;
    return (request) => {
      const begin = uptime();
      const note = () => requests.note((uptime() - begin) / 1000);
      // Beside the way of the request, not on it: whoever waits for the answer waits for no more than that.
      const answered = answer(request);
      answered.then(note, note);
      return answered;
    };
  }

  /** The same greylisting, with each judgement timed, and what it says of a delay noted. */
  watched(greylisting: Pick<Greylisting, 'judge'>): Pick<Greylisting, 'judge'> {
    const { store, delays } = this;
    const uptime = this.#uptime;
    return {
      judge: (visit: Visit): Promise<Judgement> => {
        const begin = uptime();
        const note = (judgement?: Judgement) => {
          store.note((uptime() - begin) / 1000);
          if (judgement?.reason === 'triplet found' && judgement.delayed !== undefined) {
            delays.note(judgement.delayed);
          }
        };
        const judged = greylisting.judge(visit);
        judged.then(note, () => note());
        return judged;
      },
    };
  }
}
