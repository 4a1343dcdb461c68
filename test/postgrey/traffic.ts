/**
 * Generates conversations: mostly ordinary mail that is tried again and again, and now and then
 * everything that is rare in real life.
 */
import fc from 'fast-check';
import { type Mail, type Move, ODD_LINES, type Oddity, type Step } from './conversation.ts';
import type { Profile } from './profiles.ts';
import { LISTED_CLIENTS, NAMES_AROUND, RECIPIENTS_AROUND } from './whitelists.ts';
import {
  CLIENT_NAMES,
  CLIENTS,
  LATIN1_RECIPIENTS,
  LATIN1_SENDERS,
  NAME_ZERO,
  ODD_RECIPIENTS,
  ODD_SENDERS,
  RECIPIENTS,
  SENDERS,
  type Variation,
} from './world.ts';

const MAX_STEPS = 50;
/** How often the delay stands among the limits. */
const DELAYS = 9;
const DAY = 86_400;
const AUTO_WHITELIST_INTERVAL = 3600;

/** Kinds of requests to avoid in a profile, because the programs differ too much in it. */
interface Spared {
  /** Requests whose explanation needs a reason: with --quiet no line shows why something was answered. */
  readonly unexplainable: boolean;
  /** With --privacy records of other bytes cannot be found again. */
  readonly latin1: boolean;
}

/** Durations in seconds, around which the clock moves; those after which all is forgotten are rare. */
export function limitsOf({ options }: Profile): number[] {
  const { delay, retryWindow, maxAge } = options;
  const short = [...Array<number>(DELAYS).fill(delay), AUTO_WHITELIST_INTERVAL, AUTO_WHITELIST_INTERVAL];
  return options.logLevel === 'quiet' ? short : [...short, retryWindow, maxAge, maxAge];
}

export function conversationOf(profile: Profile): fc.Arbitrary<Step[]> {
  const { options, whitelists } = profile;
  const spared: Spared = { unexplainable: options.logLevel === 'quiet', latin1: options.privacy };
  const steps = { minLength: 1, maxLength: MAX_STEPS, size: 'max' } as const;
  // Without bias, which would make the first conversations of a run short and all alike.
  return fc.noBias(fc.array(step(profile, whitelists !== undefined, spared), steps));
}

/** One of several, by weight; the first is the simplest. */
function oneOf<T>(...choices: [weight: number, arbitrary: fc.Arbitrary<T>][]): fc.Arbitrary<T> {
  return fc.oneof(
    { withCrossShrink: true },
    ...choices.map(([weight, arbitrary]) => ({ weight, arbitrary })),
  );
}

function from<T>(values: readonly T[]): fc.Arbitrary<T> {
  return fc.constantFrom(...values);
}

const letters = (characters: string, lengths: { minLength: number; maxLength: number }) =>
  fc.string({ unit: fc.constantFrom(...characters), ...lengths });

const variation: fc.Arbitrary<Variation> = fc.record({
  number: fc.nat(999_999),
  word: letters('abcdefgh', { minLength: 1, maxLength: 5 }),
  tag: letters('0123456789abcdefghijklmnopqrstuvwxyz', { minLength: 10, maxLength: 10 }),
});

function mail(around: boolean, spared: Spared): fc.Arbitrary<Mail> {
  const client = from(CLIENTS);
  const name = from(CLIENT_NAMES);
  const sender = oneOf(
    [60, from(SENDERS)],
    [25, from(ODD_SENDERS)],
    [spared.latin1 ? 0 : 1, from(LATIN1_SENDERS)],
  );
  const recipient = oneOf(
    [60, from(RECIPIENTS)],
    [8, from(ODD_RECIPIENTS)],
    [around ? 20 : 0, from(RECIPIENTS_AROUND)],
    [spared.latin1 ? 0 : 1, from(LATIN1_RECIPIENTS)],
  );
  const listed = from(LISTED_CLIENTS).map((address) => () => address);
  return fc.record({
    client: oneOf([90, client], [around ? 5 : 0, listed]),
    name: oneOf(
      [90, name],
      [around ? 30 : 0, from(NAMES_AROUND)],
      [spared.unexplainable ? 0 : 1, fc.constant(NAME_ZERO)],
    ),
    sender,
    recipients: oneOf([6, fc.tuple(recipient)], [1, fc.array(recipient, { minLength: 1, maxLength: 3 })]),
  });
}

function move({ options }: Profile, spared: Spared): fc.Arbitrary<Move> {
  const by = (seconds: fc.Arbitrary<number>) => seconds.map((seconds): Move => ({ move: 'by', seconds }));
  const backwards = (most: number) => by(fc.integer({ min: 1, max: most }).map((seconds) => -seconds));
  const limit = fc.record({
    move: fc.constant('to limit' as const),
    limit: fc.nat(DELAYS + 4),
    off: fc.constantFrom(0, 1, -1),
    from: fc.constantFrom('first', 'last'),
  });
  // With 50 steps of at most half a day nothing grows older than 35 days.
  const far = spared.unexplainable ? DAY / 2 : 2 * DAY;
  return oneOf<Move>(
    [12, by(fc.constant(0))],
    [60, limit as fc.Arbitrary<Move>],
    [15, by(fc.integer({ min: 0, max: options.delay }))],
    [6, by(fc.nat(16).map((power) => Math.min(2 ** power, far)))],
    [5, backwards(2 * options.delay)],
    [3, by(fc.constant(AUTO_WHITELIST_INTERVAL))],
    [1, backwards(far)],
    [spared.unexplainable ? 0 : 1, by(fc.integer({ min: DAY, max: 40 * DAY }))],
  );
}

const oddity: fc.Arbitrary<Oddity> = oneOf<Oddity>(
  [2, fc.constant({ odd: 'new connection' })],
  [2, fc.constant({ odd: 'crlf' })],
  [4, fc.array(from(ODD_LINES), { minLength: 1, maxLength: 3 }).map((lines) => ({ odd: 'lines', lines }))],
  [
    2,
    from(['sender', 'recipient', 'client_name', 'client_address']).map((attribute) => ({
      odd: 'missing',
      attribute,
    })),
  ],
  [1, from(['sender', 'recipient', 'client_name']).map((attribute) => ({ odd: 'empty', attribute }))],
  [1, fc.constant({ odd: 'missing', attribute: 'request' })],
  [1, from(['junk', '', 'SMTPD_ACCESS_POLICY']).map((type) => ({ odd: 'type', type }))],
);

function step(profile: Profile, around: boolean, spared: Spared): fc.Arbitrary<Step> {
  return fc.record({
    mail: mail(around, spared),
    again: oneOf([1, fc.constant(0)], [5, fc.integer({ min: 1, max: 8 })]),
    client: oneOf<Mail['client'] | undefined>([90, fc.constant(undefined)], [10, from(CLIENTS)]),
    move: move(profile, spared),
    variation,
    instance: oneOf<Step['instance']>(
      [75, fc.constant('own')],
      [12, fc.integer({ min: 1, max: spared.unexplainable ? 4 : 40 })],
      [6, fc.constant('none')],
      [spared.unexplainable ? 0 : 10, fc.constant('')],
    ),
    queueId: oneOf([16, fc.constant('')], [4, fc.constant('4F1A2B3C5D')], [1, fc.constant('0')]),
    etrnDomain: oneOf<string | undefined>(
      [4, fc.constant(undefined)],
      [4, fc.constant('')],
      [1, from(['e.example', '0'])],
    ),
    oddity: oneOf<Oddity | undefined>([95, fc.constant(undefined)], [5, oddity]),
    regular: oneOf([97, fc.constant(0)], [spared.unexplainable ? 0 : 3, fc.integer({ min: 1, max: 5 })]),
    burst: oneOf([98, fc.constant(0)], [spared.unexplainable ? 0 : 2, fc.integer({ min: 1, max: 13 })]),
  });
}
