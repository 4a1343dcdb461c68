/**
 * The origin of a mail: what its client and its envelope sender say together about who shares a wait with whom.
 *
 *   suspect  no confirmed name, or one as of a line or of a rented machine: shares nothing
 *   pool     the registered domain of a mail host, or of a client and a sender alike: its hosts share a wait
 *   farm     the end of the name of a mail host, see farmOf: its hosts are auto-whitelisted together
 *
 * What only shares a wait has the wide key, what waives it the narrow one. Pure.
 *
 * Known limit: a name is no proof against spam; it only tells who shares a wait.
 */
import { MANY_OCTETS, type NameFacts } from '../address/client-name.ts';
import { withoutFirstLabel } from '../address/host-name.ts';
import { registeredDomain } from '../address/registered-domain.ts';

export interface Origin {
  readonly isSuspect: boolean;
  /** The registered domain of the client's name. */
  readonly domain: string | undefined;
  readonly pool: string | undefined;
  readonly farm: string | undefined;
}

/** @param sender the envelope sender; empty for the null sender */
export function originOf(facts: NameFacts, sender: string): Origin {
  const { name, domain, hasMailWord, mailName } = facts;
  // A mail word says more.
  const isAligned = !hasMailWord && domain !== undefined && senderDomain(sender) === domain;
  if (name === undefined || domain === undefined || looksSuspect(facts, isAligned))
    return { isSuspect: true, domain, pool: undefined, farm: undefined };
  return {
    isSuspect: false,
    domain,
    pool: hasMailWord || isAligned ? domain : undefined,
    farm: mailName === undefined ? undefined : farmOf(name, domain, mailName),
  };
}

function looksSuspect({ isLine, hasMailWord, octets, looksRented }: NameFacts, isAligned: boolean): boolean {
  if (isLine || hasMailWord) return isLine;
  return octets >= MANY_OCTETS || looksRented || (octets > 0 && !isAligned);
}

function senderDomain(sender: string): string | undefined {
  const at = sender.lastIndexOf('@');
  return at === -1 ? undefined : registeredDomain(sender.slice(at + 1));
}

/**
 * Returns the name without its first label, and without those with digits behind it as long as a mail word remains:
 * they are clusters of one sender, while `mail.c12.example` may be another customer's than `mail.c13.example`.
 */
function farmOf(name: string, domain: string, mailName: string): string {
  const shortest = Math.max(domain.length, mailName.length);
  let farm = name === domain ? domain : withoutFirstLabel(name);
  while (farm.length > shortest && /^[^.]*\d/.test(farm)) farm = withoutFirstLabel(farm);
  return farm;
}
