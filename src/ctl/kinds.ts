/**
 * What commands call the kinds of records.
 */
import type { Key } from '../greylist/keys.ts';

export const KINDS: Readonly<Record<string, Key['kind']>> = { triplets: 'triplet', clients: 'client' };
