/**
 * Who takes part in random conversations: hosts of a few senders, and envelope senders. What belongs together is written
 * down here, and not asked of what is tested.
 */

export interface Host {
  readonly address: string;
  readonly name: string;
  /** The domain whose hosts share a wait with it, for some senders at least. */
  readonly domain?: string;
}

const inDomain = (domain: string, hosts: Readonly<Record<string, string>>): Host[] =>
  Object.entries(hosts).map(([address, host]) => ({ address, name: `${host}.${domain}`, domain }));

/** No network has hosts of two domains. */
export const HOSTS: readonly Host[] = [
  ...inDomain('bigsoft.example', {
    ...{ '203.0.113.51': 'mail-a.outbound', '203.0.113.52': 'mail-d.outbound' },
    ...{ '198.51.100.3': 'mail-b.outbound', '2001:db8::2': 'mail-c.eu.outbound' },
  }),
  ...inDomain('esp.example', { '192.0.2.10': 'a2-10.smtp-out', '198.18.1.17': 'a1-17.smtp-out' }),
  ...inDomain('firm.example', { '198.18.2.1': 'gate', '198.18.3.1': 'venus' }),
  { address: '198.18.4.1', name: 'www.shop.example' },
  { address: '198.18.5.7', name: 'dsl-198-18-5-7.isp.example' },
  { address: '198.18.7.8', name: 'dsl-198-18-7-8.isp.example' },
  { address: '198.18.6.9', name: 'unknown' },
  { address: '198.18.8.9', name: 'unknown' },
];

/** Hosts of other domains in the networks of those. */
export const NEIGHBOURS: readonly Host[] = [
  ...inDomain('shop.example', { '203.0.113.53': 'mx' }),
  ...inDomain('bigsoft.example', { '192.0.2.11': 'mail-e.outbound' }),
  ...inDomain('firm.example', { '198.18.5.8': 'mail' }),
  { address: '198.18.4.2', name: 'unknown' },
];

export interface Sender {
  readonly sender: string;
  /** Whose mail it is, whatever else stands in the address. */
  readonly who: string;
}

/** What has the same sender in a triplet is of the same one. */
export const SENDERS: readonly Sender[] = [
  { sender: 'x@firm.example', who: 'x' },
  { sender: 'X@Firm.example', who: 'x' },
  { sender: 'x+list@firm.example', who: 'x' },
  { sender: 'prvs=1234567890=x@firm.example', who: 'x' },
  { sender: 'y@firm.example', who: 'y' },
  { sender: 'bounce-123-ab1@mx1.esp.example', who: 'bounces' },
  { sender: 'bounce-456-cd2@mx2.esp.example', who: 'bounces' },
  { sender: '', who: 'null sender' },
];

/** With the tag on the other side: the triplet of x, but another masked sender. */
export const ODD_SENDER: Sender = { sender: 'prvs=x=1234567890@firm.example', who: 'odd' };
