/**
 * Whitelists with patterns of every form that both programs read alike, and hosts and recipients
 * that stand in them or just beside.
 */
import { utf8 } from './request.ts';

export const WHITELISTS = {
  clients: `
    # hosts
    wl.example          # and all names below it
    Upper.Example
    under_score.example
    unknown.wl2.example
    /^mx\\d+\\.pool\\.example$/
    /[[:alpha:]]+-out\\./
    /^*\\.star\\.example$/
    198.51.100.7
    198.51.100.128/25
    203.0.113
    192.0.2.77/28
    2001:DB8:1::/48
    2001:db8:2:0:0::5
  `,
  recipients: `
    postmaster@
    Abuse@wl.example
    open.example
    [192.0.2.1]
    /^info-.*@wl\\.example$/
    /^\\d+@digits\\.example/
    user+tag@wl.example
  `,
};

/** Every one of them is in the list. */
export const LISTED_CLIENTS: readonly string[] = [
  '198.51.100.7',
  '198.51.100.129',
  '203.0.113.255',
  '192.0.2.64',
  '192.0.2.79',
  '2001:db8:1:ffff::1',
  '2001:DB8:2::5',
];

export const NAMES_AROUND: readonly string[] = [
  'wl.example',
  'a.b.WL.example',
  'notwl.example',
  'wl.example.',
  'wl.example.com',
  'upper.example',
  'x.under_score.example',
  'mx12.pool.example',
  'mxa.pool.example',
  'a.mx1.pool.example',
  'abc-out.other.example',
  '12-out.other.example',
  'a.star.example',
  'star.example',
  '.wl.example',
];

export const RECIPIENTS_AROUND: readonly ((serial: number) => string)[] = [
  () => 'postmaster@wl.example',
  (serial) => `Postmaster+x@r${serial}.example`,
  (serial) => `postmaster+@r${serial}.example`,
  (serial) => `notpostmaster@r${serial}.example`,
  () => 'postmaster@',
  () => 'postmaster@a@b',
  () => 'abuse@WL.example',
  () => 'abuse+1+2@wl.example',
  (serial) => `abuse@a${serial}.wl.example`,
  (serial) => `any${serial}@open.example`,
  (serial) => `any${serial}@sub.Open.example`,
  (serial) => `any${serial}@notopen.example`,
  (serial) => `any${serial}@[192.0.2.1]`,
  (serial) => `info-${serial}@wl.example`,
  (serial) => `info${serial}@wl.example`,
  (serial) => `${serial}@digits.example`,
  (serial) => `x${serial}@digits.example`,
  () => 'user+tag@wl.example',
  (serial) => `user+tag${serial}@wl.example`,
  (serial) => utf8(`é${serial}@open.example`),
];
