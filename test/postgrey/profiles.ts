/**
 * The option profiles under which the programs are compared: each option that changes an answer or
 * a log line alone, some together by hand, and some drawn at random.
 */
import { hostname } from 'node:os';
import fc from 'fast-check';
import { type Options, parseOptions } from '../../src/options/daemon.ts';
import type { Whitelists } from './program.ts';
import { WHITELISTS } from './whitelists.ts';

export interface Profile {
  readonly args: readonly string[];
  readonly listen: 'inet' | 'unix';
  readonly whitelists: Whitelists | undefined;
  /** The meaning of the arguments, as greyd reads them. */
  readonly options: Options;
}

export function profileName({ args, listen, whitelists }: Profile): string {
  const words = [
    ...(listen === 'unix' ? ['--unix'] : []),
    ...(whitelists ? ['with whitelists'] : []),
    ...args,
  ];
  return words.join(' ') || 'no options';
}

interface More {
  readonly listen?: 'unix';
  readonly whitelists?: Whitelists;
}

export function profile(args: readonly string[], { listen, whitelists }: More = {}): Profile {
  const options = parseOptions(['--inet=1', ...args], { version: '0', hostname: hostname(), inherited: [] });
  if (typeof options === 'string') throw new Error('a text instead of options');
  return { args, listen: listen ?? 'inet', whitelists, options };
}

const whitelists = WHITELISTS;

const FIXED: readonly Profile[] = [
  profile([]),
  profile([], { listen: 'unix' }),
  profile([], { whitelists }),
  profile(['--delay=60']),
  profile(['--delay=3700', '--auto-whitelist-clients=1']),
  profile(['--max-age=1']),
  profile(['--max-age', '10', '--auto-whitelist-clients=1']),
  profile(['--retry-window=1']),
  profile(['--retry-window=1h']),
  profile(['--greylist-action=451', '--greylist-text=4.7.1 %r: come back in %s seconds, 50%% of %x']),
  profile(['--greylist-text=%s seconds left of 5 minutes']),
  profile(['--x-greylist-header=X-Delay: %t at %h by %v (%x%); %d', '--hostname=mx.example.org']),
  profile(['--lookup-by-host']),
  profile(['--lookup-by-subnet', '--ipv4cidr=28', '--ipv6cidr=32']),
  profile(['--ipv4cidr=20', '--ipv6cidr=128']),
  profile(['--ipv4cidr=32', '--ipv6cidr=49']),
  profile(['--privacy']),
  profile(['--privacy', '--lookup-by-host', '--auto-whitelist-clients=1', '--delay=30'], { whitelists }),
  profile(['--exim']),
  profile(['--auto-whitelist-clients=0']),
  profile(['--auto-whitelist-clients']),
  profile(['--auto-whitelist-clients=1'], { whitelists }),
  profile(['--auto-whitelist-clients=2']),
  profile(['--quiet'], { whitelists }),
  profile(['-v']),
];

/** Combinations of values, one of each option. */
const anyProfile: fc.Arbitrary<Profile> = fc
  .record({
    args: fc.tuple(
      fc.constantFrom('', '--delay=1', '--delay=90', '--delay=3600'),
      fc.constantFrom('', '--max-age=1', '--max-age=3'),
      fc.constantFrom('', '--retry-window=2h', '--retry-window=5'),
      fc.constantFrom('', '--greylist-action=DEFER', '--greylist-text=4.3.0 %s/%r'),
      fc.constantFrom('', '--lookup-by-host', '--ipv4cidr=16', '--ipv4cidr=25'),
      fc.constantFrom('', '--ipv6cidr=48', '--ipv6cidr=65'),
      fc.constantFrom('', '', '--privacy'),
      fc.constantFrom('', '', '--exim'),
      fc.constantFrom(
        '',
        '--auto-whitelist-clients=0',
        '--auto-whitelist-clients=1',
        '--auto-whitelist-clients=3',
      ),
    ),
    listen: fc.constantFrom('inet', 'unix'),
    whitelists: fc.constantFrom(undefined, WHITELISTS),
  })
  .map(({ args, listen, whitelists }) =>
    profile(args.filter(Boolean), {
      ...(listen === 'unix' && { listen }),
      ...(whitelists && { whitelists }),
    }),
  );

export function allProfiles(drawn: number, seed: number): Profile[] {
  return [...FIXED, ...fc.sample(anyProfile, { seed, numRuns: drawn })];
}
