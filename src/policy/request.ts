/**
 * A policy request with its attributes checked and typed, or what is wrong with it.
 * protocol_state is not looked at: greyd answers the same in every SMTP stage, as postgrey does.
 */
import type { AttributeName, RawRequest } from './attributes.ts';

export interface PolicyRequest {
  /** As sent; not checked to be an IP address. */
  readonly clientAddress: string;
  /** Forward-confirmed name of the client, `unknown`, or empty. */
  readonly clientName: string;
  /** Envelope sender without `<>`; empty for the null sender. */
  readonly sender: string;
  readonly recipient: string;
  /** Empty before Postfix has opened a queue file. */
  readonly queueId: string;
  /** The same for all requests about one message; undefined if it is absent or empty (Exim). */
  readonly instance: string | undefined;
  /** The request carries an etrn_domain attribute, empty or not; every Postfix since 2.2 sends it. */
  readonly hasEtrnDomain: boolean;
  /** The user who has authenticated; empty for none. */
  readonly saslUsername: string;
  /** The policy service was asked as for outgoing mail: policy_context=outgoing (Postfix 3.1 and later). */
  readonly isOutgoing: boolean;
  /** policy_test_time in Unix seconds, undefined if absent or no number. */
  readonly testTime: number | undefined;
}

/** The reason why a request cannot be decided. */
export type RequestFault =
  | { readonly fault: 'too large'; readonly bound: string }
  | { readonly fault: 'unrecognized type'; readonly type: string }
  | { readonly fault: 'attribute missing'; readonly name: AttributeName }
  | { readonly fault: 'no address'; readonly clientAddress: string };

/** The attributes that a decision needs. They may be empty, but not absent. */
const REQUIRED_ATTRIBUTES = ['client_address', 'client_name', 'recipient', 'sender'] as const;

/** The policy_context of the submission service. */
const OUTGOING_CONTEXT = 'outgoing';

/** Checks and types one request; reports the first fault in postgrey's order. */
export function toPolicyRequest({ attributes, tooLarge }: RawRequest): PolicyRequest | RequestFault {
  if (tooLarge !== undefined) return { fault: 'too large', bound: tooLarge };
  const type = attributes.request ?? '';
  if (type !== 'smtpd_access_policy') return { fault: 'unrecognized type', type };

  const missing = REQUIRED_ATTRIBUTES.find((name) => attributes[name] === undefined);
  if (missing !== undefined) return { fault: 'attribute missing', name: missing };

  return {
    clientAddress: attributes.client_address ?? '',
    clientName: attributes.client_name ?? '',
    sender: attributes.sender ?? '',
    recipient: attributes.recipient ?? '',
    queueId: attributes.queue_id ?? '',
    instance: attributes.instance || undefined,
    hasEtrnDomain: attributes.etrn_domain !== undefined,
    saslUsername: attributes.sasl_username ?? '',
    isOutgoing: attributes.policy_context === OUTGOING_CONTEXT,
    testTime: unixSeconds(attributes.policy_test_time),
  };
}

function unixSeconds(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,12}$/.test(text) ? Number(text) : undefined;
}
