/**
 * When senders retry: the ages of a mail, in seconds since its first attempt, at which it is tried again; it is given up
 * where they end. The times are those that programs and platforms document or that were measured of them.
 *
 * Where a program looks at its queue at fixed times, a retry waits for the next one. Other intervals are up to 5 % longer
 * than the table says, as they are in a queue that has other mail too.
 */
import { DAY, HOUR, MINUTE } from '../../src/time/units.ts';
import type { Random } from './random.ts';

export type Schedule = (random: Random) => Generator<number, void>;

const JITTER = 0.05;

/** Retries at these intervals, the last one again and again. */
function intervals(minutes: readonly number[], givenUp: number): Schedule {
  return growing((retry) => (minutes[Math.min(retry, minutes.length - 1)] ?? 0) * MINUTE, givenUp);
}

/** Retries at these ages, then at intervals that grow by `factor`. */
function ages(minutes: readonly number[], factor: number, givenUp: number): Schedule {
  const gaps = minutes.map((age, index) => age - (minutes[index - 1] ?? 0));
  const last = gaps.at(-1) ?? 0;
  return growing((retry) => (gaps[retry] ?? last * factor ** (retry - gaps.length + 1)) * MINUTE, givenUp);
}

/** Retries after intervals, in seconds, of any form. */
function growing(interval: (retry: number) => number, givenUp: number): Schedule {
  return function* (random) {
    let age = 0;
    for (let retry = 0; ; retry += 1) {
      age += interval(retry) * (1 + JITTER * random());
      if (age > givenUp) return;
      yield Math.round(age);
    }
  };
}

/**
 * Retries when the queue is next looked at after a mail is due.
 * @param due the age at which a mail is due that was last tried at an age
 */
function queueRuns(everyMinutes: number, due: (age: number) => number, givenUp: number): Schedule {
  return function* (random) {
    const interval = everyMinutes * MINUTE;
    const phase = random() * interval;
    let age = 0;
    for (;;) {
      const earliest = Math.max(due(age), age + 1);
      age = phase + Math.ceil((earliest - phase) / interval) * interval;
      if (age > givenUp) return;
      yield Math.round(age);
    }
  };
}

/** Postfix: 5 minutes, then the age of the mail, at most 67 minutes; the queue is scanned each 5. */
const postfix = queueRuns(5, (age) => age + Math.min(Math.max(age, 300), 4000), 5 * DAY);

/** Exim's usual rule: each 15 minutes for 2 hours, then an hour, growing by half, up to 16 hours, then each 6. */
function exim(runnerMinutes: number): Schedule {
  const due = (age: number) => {
    if (age < 2 * HOUR) return age + 15 * MINUTE;
    // Hours that grow by half add up to twice the last one.
    return age + (age < 16 * HOUR ? HOUR + (age - 2 * HOUR) / 2 : 6 * HOUR);
  };
  return queueRuns(runnerMinutes, due, 4 * DAY);
}

const sendmail = (runMinutes: number) => queueRuns(runMinutes, (age) => age, 5 * DAY);

/** Retries at the age of 400 seconds times the square of the number of tries. */
const square = (givenUp: number): Schedule =>
  growing((retry) => 400 * ((retry + 1) ** 2 - retry ** 2), givenUp);

/** Single hosts: program, share among them. */
export const MTA_SCHEDULES: readonly (readonly [name: string, share: number, schedule: Schedule])[] = [
  ['Postfix', 46, postfix],
  ['Exim, runner each 30 min', 14, exim(30)],
  ['Exim, runner each 5 min', 5, exim(5)],
  ['Exim, runner each 60 min', 4, exim(60)],
  ['sendmail -q10m', 4, sendmail(10)],
  ['sendmail -q1h', 2, sendmail(60)],
  ['Exchange', 8, intervals([15], 2 * DAY)],
  ['qmail', 4, square(7 * DAY)],
  ['OpenSMTPD', 2, square(4 * DAY)],
  ['Cisco', 2, growing((retry) => Math.min(60 * 2 ** retry, 3600), 3 * DAY)],
  ['Haraka', 1, growing((retry) => 64 * 2 ** retry, 3 * DAY)],
  ['Postal', 1, growing((retry) => 300 * 1.3 ** retry, 2 * DAY)],
  ['ZoneMTA', 1, intervals([5, 7, 8, 25, 75, 120], 2 * DAY)],
  ['mox', 1, growing((retry) => 450 * 2 ** retry, 2 * DAY)],
  ['maddy', 1, growing((retry) => 900 * 1.25 ** retry, 2 * DAY)],
  ['Stalwart', 2, intervals([2, 5, 10, 15, 30, 60, 120], 5 * DAY)],
  ['Courier', 2, intervals([5, 5, 5, 15, 5, 5, 30, 5, 5, 60, 5, 5, 120], 7 * DAY)],
];

export const SCHEDULES = {
  postfix,
  'Microsoft 365': intervals([15, 15, 30, 60], DAY),
  Gmail: ages([6, 29, 57, 99, 162, 230], 1.3, 3 * DAY),
  Yahoo: ages([2.1, 5.6, 13, 27], 2, 2 * DAY),
  'mail.ru': ages([1.3, 19.3], 1.5, 2 * DAY),
  Yandex: ages([1.1, 3, 6.9], 2, 2 * DAY),
  QQ: ages([2, 10], 1.5, 3.4 * HOUR),
  SES: intervals([4, 5, 8, 15, 30, 60], 14 * HOUR),
  Mailgun: intervals([10, 10, 15, 30, 60, 120], 8 * HOUR),
  SendGrid: intervals([1, 10, 60, 240], 3 * DAY),
  Mandrill: intervals([15, 15, 30, 60], 2 * DAY),
  Momentum: growing((retry) => 20 * MINUTE * 2 ** retry, 3 * DAY),
  PowerMTA: intervals([10], 4 * DAY),
} satisfies Record<string, Schedule>;

export type ScheduleName = keyof typeof SCHEDULES;
