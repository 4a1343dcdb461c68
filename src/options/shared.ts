/**
 * The option values that the daemon and greyctl share: for the greylisting rule how long records are kept and under
 * which keys, and for a shared store where that is.
 */
import { readFileSync } from 'node:fs';
import { errorText } from '../errors/text.ts';
import type { GreylistRules } from '../greylist/decision.ts';
import type { NetworkLengths } from '../greylist/keys.ts';
import type { SharedStoreSettings } from '../store/redis/open.ts';
import type { WhitelistFiles } from '../whitelist/whitelists.ts';
import { UsageError } from './command-line.ts';
import type { GivenOptions } from './table.ts';

export type GivenRules = Pick<
  GivenOptions,
  'delay' | 'maxAge' | 'retryWindow' | 'autoWhitelistClients' | 'namedDelay' | 'autoWhitelistFarms'
>;

export type GivenLookup = Pick<GivenOptions, 'lookupByHost' | 'ipv4cidr' | 'ipv6cidr'>;

export function rulesOf(given: GivenRules): GreylistRules {
  const { delay, maxAge, retryWindow, autoWhitelistClients, namedDelay, autoWhitelistFarms } = given;
  return {
    delay,
    maxAge,
    retryWindow,
    autoWhitelistAfter: autoWhitelistClients,
    namedDelay,
    autoWhitelistFarmsAfter: autoWhitelistFarms,
  };
}

export type GivenLists = Pick<
  GivenOptions,
  | 'retryWindow'
  | 'maxAge'
  | 'whitelistClients'
  | 'whitelistRecipients'
  | 'whitelistSenders'
  | 'greylistClients'
  | 'recipientPolicies'
>;

/** Returns the files of all lists. @param nameWords those of the words in client names */
export function listFilesOf(given: GivenLists, nameWords: readonly string[]): WhitelistFiles {
  return {
    clients: given.whitelistClients,
    recipients: given.whitelistRecipients,
    senders: given.whitelistSenders,
    greylistedClients: given.greylistClients,
    policies: given.recipientPolicies,
    maxPolicyDelay: Math.min(given.retryWindow, given.maxAge) - 1,
    nameWords,
  };
}

export function networkLengthsOf({ lookupByHost, ipv4cidr, ipv6cidr }: GivenLookup): NetworkLengths {
  return lookupByHost ? { ipv4: 32, ipv6: 128 } : { ipv4: ipv4cidr, ipv6: ipv6cidr };
}

export type GivenSharedStore = Pick<
  GivenOptions,
  'store' | 'storePrefix' | 'storePasswordFile' | 'storeCaFile' | 'storeReplicas' | 'storeTimeout'
>;

/**
 * The environment variable with the password. --store-password-file takes precedence over it, and it over the
 * URL.
 */
export const PASSWORD_VARIABLE = 'GREYD_STORE_PASSWORD';

/**
 * @param fromEnvironment the value of PASSWORD_VARIABLE
 * @returns undefined: records are in the embedded database
 * @throws {UsageError} if a file cannot be read
 */
export function sharedStoreOf(
  { store, storePrefix, storePasswordFile, storeCaFile, storeReplicas, storeTimeout }: GivenSharedStore,
  fromEnvironment: string | undefined,
): SharedStoreSettings | undefined {
  if (store === undefined) return undefined;
  const password =
    storePasswordFile === undefined
      ? fromEnvironment || undefined
      : (read('--store-password-file', storePasswordFile).split(/\r?\n/)[0] ?? '');
  if (password === '')
    throw new UsageError(`--store-password-file=${storePasswordFile}: the first line is empty`);
  return {
    connection: {
      location: store,
      password,
      ca: storeCaFile === undefined ? undefined : read('--store-ca-file', storeCaFile),
      timeoutMs: storeTimeout * 1000,
    },
    prefix: storePrefix,
    replicas: storeReplicas,
  };
}

function read(option: string, path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new UsageError(`cannot read ${option}=${path}: ${errorText(error)}`);
  }
}
