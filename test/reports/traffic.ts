/**
 * Mail of a few hours, as Postfix asks about it: triplets that are retried, early, late or never, clients
 * that earn their place on the automatic whitelist, whitelisted ones, odd senders.
 */
import type { Attributes } from '../support/policy-client.ts';

export interface Visit {
  /** Seconds since the traffic began. */
  readonly at: number;
  readonly request: Attributes;
}

/** Patterns under which the traffic has whitelisted clients and recipients. */
export const WHITELISTS = { clients: 'friend.example\n', recipients: 'postmaster@\n' };

/** Options of either daemon for it. */
export const DAEMON_OPTIONS = ['--delay=300', '--auto-whitelist-clients=2'];

/** How long a log goes on after the traffic, in seconds. */
export const QUIET_END = 4000;

const [BOB, CAROL] = ['bob@example.org', 'carol@example.org'];

/** A name without numbers: postgreyreport takes others for pools of hosts, and their triplets for lost. */
function nameOf(address: string): string {
  const letters = address.replace(/\d/g, (digit) => 'abcdefghij'.charAt(Number(digit)));
  return `${letters.replace(/[.:]+/g, '-')}.example.net`;
}

function visit(at: number, address: string, sender: string, recipient: string, more: Attributes = {}): Visit {
  const request = {
    client_address: address,
    client_name: nameOf(address),
    sender,
    recipient,
    instance: `instance-${at}-${sender}-${recipient}`,
    queue_id: '',
    etrn_domain: '',
    ...more,
  };
  return { at, request };
}

export const TRAFFIC: readonly Visit[] = [
  // One that returns, one that returns early, one that never does.
  visit(0, '192.0.2.1', 'alice@example.net', BOB),
  visit(1, '192.0.2.9', 'early@example.net', BOB),
  visit(2, '192.0.2.9', 'never@example.net', CAROL),
  visit(60, '192.0.2.9', 'early@example.net', BOB),
  visit(299, '192.0.2.9', 'early@example.net', BOB),
  visit(300, '192.0.2.1', 'alice@example.net', BOB),
  visit(400, '192.0.2.1', 'alice@example.net', BOB),
  // Neighbours in one network, of which one retries, or none.
  visit(500, '198.51.100.7', 'pool@example.net', BOB),
  visit(501, '198.51.100.8', 'pool@example.net', CAROL),
  visit(502, '198.51.100.9', 'pool@example.net', CAROL),
  visit(801, '198.51.100.99', 'pool@example.net', BOB),
  // Two successful retries; a third mail passes at once, and a fourth before its delay is over.
  visit(1000, '203.0.113.5', 'one@example.net', BOB),
  visit(1300, '203.0.113.5', 'one@example.net', BOB),
  visit(4900, '203.0.113.5', 'two@example.net', BOB),
  visit(5000, '203.0.113.5', 'four@example.net', BOB),
  visit(5200, '203.0.113.5', 'two@example.net', BOB),
  visit(5201, '203.0.113.5', 'three@example.net', BOB),
  visit(5202, '203.0.113.5', 'four@example.net', BOB),
  // Whitelists.
  visit(5300, '192.0.2.20', 'x@example.net', BOB, { client_name: 'mx1.friend.example' }),
  visit(5301, '192.0.2.21', 'x@example.net', 'postmaster@example.org'),
  // Queue ids, numbers and tags in senders, capitals, blanks, `=`, commas, no sender, no name.
  visit(5400, '192.0.2.30', 'x@example.net', BOB, { queue_id: '4F1A2B3C4D' }),
  visit(5401, '192.0.2.30', 'x@example.net', CAROL, { queue_id: '4XyZ12ABcdzr9' }),
  visit(5402, '192.0.2.31', 'list-123-bounce+tag@example.net', BOB),
  visit(5403, '192.0.2.35', 'prvs=0123456789=user@example.net', 'Bob@Example.org'),
  visit(5404, '192.0.2.32', 'john, doe=x@example.net', BOB),
  visit(5405, '192.0.2.32', '"a b"@example.net', BOB),
  visit(5406, '192.0.2.33', '', BOB),
  visit(5407, '192.0.2.34', 'noname@example.net', BOB, { client_name: 'unknown' }),
  visit(5408, '192.0.2.36', 'x@example.net', BOB, { client_name: 'dyn-2-36.example.net' }),
  // IPv6.
  visit(5500, '2001:db8::1', 'six@example.net', BOB),
  visit(5501, '2001:db8::2', 'lost@example.net', BOB),
  visit(5800, '2001:db8::ff', 'six@example.net', BOB),
  // A malformed request is logged, and passes.
  visit(5900, '192.0.2.40', 'x@example.net', BOB, { recipient: undefined }),
];
