/**
 * The option values that the daemon and greyctl share for the greylisting rule: how long records are kept, and
 * under which keys.
 */
import type { GreylistRules } from './greylist/decision.ts';
import type { NetworkLengths } from './greylist/keys.ts';
import { DEFAULT_AUTO_WHITELIST } from './option-table.ts';
import { DAY } from './option-values.ts';

export interface GivenRules {
  /** Seconds. */
  delay: number;
  /** Days. */
  maxAge: number;
  /** Seconds. */
  retryWindow: number;
  /** true: given without a number. */
  autoWhitelistClients: number | true;
}

export interface GivenLookup {
  lookupByHost?: true;
  ipv4cidr: number;
  ipv6cidr: number;
}

export function rulesOf({ delay, maxAge, retryWindow, autoWhitelistClients }: GivenRules): GreylistRules {
  return {
    delay,
    maxAge: maxAge * DAY,
    retryWindow,
    autoWhitelistAfter: autoWhitelistClients === true ? DEFAULT_AUTO_WHITELIST : autoWhitelistClients,
  };
}

export function networkLengthsOf({ lookupByHost, ipv4cidr, ipv6cidr }: GivenLookup): NetworkLengths {
  return lookupByHost ? { ipv4: 32, ipv6: 128 } : { ipv4: ipv4cidr, ipv6: ipv6cidr };
}
