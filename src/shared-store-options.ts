/**
 * What the options of a shared store, of the daemon and of greyctl, say together.
 */
import { readFileSync } from 'node:fs';
import { UsageError } from './command-line.ts';
import type { RedisLocation } from './store/redis-url.ts';
import type { SharedStoreSettings } from './store/shared-store.ts';

export interface GivenSharedStore {
  store?: RedisLocation | undefined;
  storePrefix: string;
  storePasswordFile?: string;
  storeCaFile?: string;
  storeReplicas: number;
  /** Seconds. */
  storeTimeout: number;
}

/** Of the environment; a file goes before it, and it before the URL. */
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
    throw new UsageError(`--store-password-file=${storePasswordFile}: its first line is empty`);
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
    throw new UsageError(`${option}=${path}: it cannot be read: ${(error as Error).message}`);
  }
}
