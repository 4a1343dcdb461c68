/**
 * The part of a request that the log shows: all of it or, with --privacy, no full address. What remains
 * shows what greyd does for whom: the client's network (its last 8 bits, or 64 of
 * IPv6, are zeros), the domains of sender and recipient (`*@example.com`), the queue id. The
 * client's name is left out, because it often holds its address.
 */
import { formatAddress, networkOf, parseAddress } from '../address/ip.ts';

const SHOWN_BITS = { 4: 24, 6: 64 } as const;

/** The parts of a request that are or may hold addresses. */
export interface Disclosable {
  readonly clientName: string;
  readonly clientAddress: string;
  readonly sender: string;
  readonly recipient: string;
}

/** Decides what the log may show. */
export interface Disclosure {
  /** Returns the request as it may be shown. */
  request<R extends Disclosable>(request: R): R;
  /** Returns text of a client as it may be quoted. */
  quote(text: string): string;
}

export const showAll: Disclosure = {
  request: (request) => request,
  quote: (text) => text,
};

export const showNoAddresses: Disclosure = {
  request: (request) => ({
    ...request,
    clientName: '',
    clientAddress: networkOnly(request.clientAddress),
    sender: domainOnly(request.sender),
    recipient: domainOnly(request.recipient),
  }),
  quote: (text) => `${text.length} characters`,
};

function networkOnly(text: string): string {
  const address = parseAddress(text);
  return address === undefined ? '' : formatAddress(networkOf(address, SHOWN_BITS[address.family]));
}

/** Returns `*@example.com`; the null sender stays empty. */
function domainOnly(address: string): string {
  if (address === '') return '';
  const at = address.lastIndexOf('@');
  return at === -1 ? '*' : `*${address.slice(at)}`;
}
