/**
 * Registered domains: the part of a name that somebody registered, by the Public Suffix List.
 *
 *   mail.example.co.uk   ->  example.co.uk
 *   a.b.github.io        ->  b.github.io with the list's private part, github.io without
 *
 * Known limits: the list is the one that the library was published with; a top-level domain that it does not know counts
 * as a public suffix.
 */
import { getDomain } from 'tldts';
import { comparableName } from './host-name.ts';

/** Maximum length of a name in characters (RFC 1035, 2.3.4); a longer one has no domain. */
export const MAX_DOMAIN_LENGTH = 255;

/** Labels of letters, digits, hyphens and underscores, the last one no number: what else there is, is no name. */
const HOST_NAME = /^(?:[a-z\d_-]+\.)*(?!\d+$)[a-z\d_-]+$/;

/** What it is given is a name, and no URL to be taken apart. */
const NAME_ONLY = { extractHostname: false } as const;
const WITH_PRIVATE = { ...NAME_ONLY, allowPrivateDomains: true } as const;

/**
 * Returns the domain that somebody registered, with a registry or with a provider on the list's private part, in
 * comparable form.
 * @returns undefined for a public suffix, an address, or what is no name
 */
export function registeredDomain(name: string): string | undefined {
  return domainIn(name, WITH_PRIVATE);
}

/** Returns the domain that was registered with a registry: the same without the private part of the list. */
export function registryDomain(name: string): string | undefined {
  return domainIn(name, NAME_ONLY);
}

function domainIn(name: string, options: typeof NAME_ONLY | typeof WITH_PRIVATE): string | undefined {
  if (name.length > MAX_DOMAIN_LENGTH) return undefined;
  const comparable = comparableName(name);
  return HOST_NAME.test(comparable) ? (getDomain(comparable, options) ?? undefined) : undefined;
}
