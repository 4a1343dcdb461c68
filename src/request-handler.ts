/**
 * The life of one request, from its attributes to the action that is sent back:
 *
 *   1. whitelists: client, recipient, sender; a recipient's policy `off`     -> DUNNO
 *   2. an authenticated client, where a profile applies                      -> DUNNO
 *   3. greylisting, over the records of the visit                            -> DUNNO, PREPEND or the greylist action
 *
 * A request about outgoing mail only teaches who awaits an answer           -> DUNNO
 *
 * A mail is deferred only after its first-seen time is stored. Any failure on the way (bad input, the
 * store, a bug) is logged and answered with DUNNO: mail is never lost because of greyd.
 */
import { formatAddress, type IpAddress, parseAddress } from './address/ip.ts';
import { type Network, NetworkMap } from './address/network-map.ts';
import type { DecisionCounters } from './decisions/counters.ts';
import { DRY_RUN, FAIL_OPEN, type ReasonFor } from './decisions/reasons.ts';
import type { GreylistVerdict } from './greylist/decision.ts';
import { RecentInstances } from './greylist/instances.ts';
import type { NetworkLengths } from './greylist/keys.ts';
import { type Origin, originOf } from './greylist/origin.ts';
import { delayHeader, greylistText, withStatusCode } from './greylist/texts.ts';
import { type Profile, type Terms, termsOf, visitOf } from './greylist/visit.ts';
import type { RequestLog } from './log/request-log.ts';
import { DUNNO } from './policy/action.ts';
import type { RawRequest } from './policy/attributes.ts';
import { type PolicyRequest, toPolicyRequest } from './policy/request.ts';
import type { Greylisting, Verdict } from './store-thread/greylister.ts';
import type { Clock, UnixSeconds } from './time/clock.ts';
import type { RecipientPolicy } from './whitelist/policy-list.ts';
import type { Whitelists } from './whitelist/whitelists.ts';

export interface HandlerSettings {
  readonly networkLengths: NetworkLengths;
  /** The rule for recipients without a policy of their own. */
  readonly profile: Profile;
  /** Whose outgoing mail is our own without a login. */
  readonly outgoingNetworks: readonly Network[];
  /** The action for a greylisted mail, as in access(5): DEFER_IF_PERMIT, say. */
  readonly greylistAction: string;
  readonly greylistText: string;
  readonly xGreylistHeader: string;
  readonly hostname: string;
  readonly version: string;
  /** Decide, save and log as usual, but answer DUNNO. */
  readonly dryRun: boolean;
  /** Take the time from policy_test_time of a request that has it. */
  readonly allowTestTime: boolean;
}

/** What the handler asks of the lists. */
export type HandlerLists = Pick<
  Whitelists,
  'findClient' | 'findRecipient' | 'findSender' | 'findGreylistedClient' | 'findPolicy' | 'clientNames'
>;

export interface HandlerParts {
  readonly whitelists: HandlerLists;
  readonly greylisting: Pick<Greylisting, 'decide'>;
  readonly log: RequestLog;
  readonly counters: DecisionCounters;
  /** Unix seconds. */
  readonly now: Clock['now'];
}

/** What the lists say of a request, and what its client's name says. */
interface Standing {
  /** On the list of --greylist-clients. */
  readonly isListed: boolean;
  readonly policy: RecipientPolicy | undefined;
  readonly profile: Profile;
  /** Worked out when it is asked for. */
  readonly origin: () => Origin;
}

export class RequestHandler {
  readonly #settings: HandlerSettings;
  readonly #parts: HandlerParts;
  readonly #instances = new RecentInstances();
  readonly #outgoingNetworks = new NetworkMap<true>();

  constructor(settings: HandlerSettings, parts: HandlerParts) {
    this.#settings = settings;
    for (const network of settings.outgoingNetworks) this.#outgoingNetworks.add(network, true);
    this.#parts = parts;
  }

  /**
   * @param isOutgoing it came to a socket for outgoing mail
   * @returns the action to answer with, or undefined to close the connection unanswered. Never rejects.
   */
  async answer(raw: RawRequest, isOutgoing = false): Promise<string | undefined> {
    try {
      this.#parts.log.garbage(raw);
      const request = toPolicyRequest(raw);
      if (!('fault' in request)) return await this.#decide(request, isOutgoing || request.isOutgoing);
      this.#parts.log.fault(request);
      return request.fault === 'unrecognized type' ? undefined : this.#failOpen('bad request');
    } catch (error) {
      this.#parts.log.internalError(error);
      return this.#failOpen('internal error');
    }
  }

  #decide(request: PolicyRequest, isOutgoing: boolean): string | Promise<string> {
    const { log, greylisting } = this.#parts;
    const { sender, recipient } = request;
    const client = parseAddress(request.clientAddress);
    if (client === undefined) {
      log.fault({ fault: 'no address', clientAddress: request.clientAddress });
      return this.#failOpen('bad request');
    }
    const now = (this.#settings.allowTestTime ? request.testTime : undefined) ?? this.#parts.now();
    if (isOutgoing) return this.#learn(request, client, now);

    const standing = this.#standingOf(request, client);
    const passes = this.#passesAtOnce(request, client, standing);
    if (passes !== undefined) {
      this.#passed(request, passes);
      return DUNNO;
    }
    const terms = this.#termsFor(request, standing);
    const visit = visitOf({ client, sender, recipient }, this.#settings.networkLengths, now, terms);
    return greylisting.decide(visit).then(
      (verdict) => this.#act(request, client, verdict, now),
      // The circuit breaker logs the failure, once for all requests that it affects.
      () => this.#failOpen('store failure'),
    );
  }

  #standingOf({ clientName, sender, recipient }: PolicyRequest, client: IpAddress): Standing {
    const { whitelists } = this.#parts;
    const policy = whitelists.findPolicy(recipient);
    let origin: Origin | undefined;
    return {
      isListed: whitelists.findGreylistedClient(clientName, client) !== undefined,
      policy,
      profile: policy === undefined || policy.name === 'off' ? this.#settings.profile : policy.name,
      origin: () => {
        origin ??= originOf(whitelists.clientNames.factsOf(clientName, client), sender);
        return origin;
      },
    };
  }

  /** Returns why a request passes without a look at records, if it does. */
  #passesAtOnce(
    { clientName, sender, recipient, saslUsername }: PolicyRequest,
    client: IpAddress,
    { isListed, policy, profile, origin }: Standing,
  ): ReasonFor<'pass'> | undefined {
    const { whitelists } = this.#parts;
    if (whitelists.findClient(clientName, client) !== undefined) return 'client whitelist';
    if (whitelists.findRecipient(recipient) !== undefined) return 'recipient whitelist';
    const isSuspect = () => isListed || origin().isSuspect;
    if (whitelists.findSender(sender, isSuspect) !== undefined) return 'sender whitelist';
    if (policy?.name === 'off') return 'recipient policy';
    return profile !== 'postgrey' && saslUsername !== '' ? 'authenticated' : undefined;
  }

  #termsFor({ clientName, sender }: PolicyRequest, standing: Standing): Terms | undefined {
    const { isListed, policy, profile, origin } = standing;
    if (profile === 'postgrey' && policy?.delay === undefined && !isListed) return undefined;
    if (profile !== 'postgrey') this.#parts.log.clientName(clientName);
    return termsOf({ profile, delay: policy?.delay }, isListed ? undefined : origin(), sender);
  }

  /** Notes to whom our own users write. */
  #learn(request: PolicyRequest, client: IpAddress, now: UnixSeconds): string | Promise<string> {
    const { sender: user, recipient: correspondent, saslUsername } = request;
    const isOurs = saslUsername !== '' || this.#outgoingNetworks.find(client) === true;
    if (!isOurs || user === '' || correspondent === '') return this.#outgoing(request, 'not authenticated');
    return this.#parts.greylisting.decide({ user, correspondent, now }).then(
      ({ action, reason }) => (action === 'outgoing' ? this.#outgoing(request, reason) : DUNNO),
      () => this.#failOpen('store failure'),
    );
  }

  #outgoing(request: PolicyRequest, reason: ReasonFor<'outgoing'>): string {
    this.#parts.counters.count('outgoing', reason);
    this.#parts.log.answered(request, { action: 'outgoing', reason });
    return DUNNO;
  }

  #act(request: PolicyRequest, client: IpAddress, verdict: Verdict, now: UnixSeconds): string {
    if (verdict.action === 'greylist') return this.#defer(request, verdict);
    if (verdict.action === 'outgoing') return this.#outgoing(request, verdict.reason);
    // The wait of the triplet. A mail to several recipients shows it once, though each of them waited.
    let waited: number | undefined;
    if (verdict.reason === 'triplet found') {
      if (verdict.clientWhitelisted) {
        this.#parts.log.clientWhitelisted(request, formatAddress(client).toUpperCase());
      }
      if (verdict.farmWhitelisted === true) this.#parts.log.farmWhitelisted(request);
      waited = verdict.delayed;
    }
    const isShown = waited !== undefined && this.#instances.isNew(request.instance);
    const delay = isShown ? waited : undefined;
    if (verdict.reason === 'over --max-triplets') this.#parts.log.storeIsFull();
    this.#passed(request, verdict.reason, delay, waited);
    const { dryRun, xGreylistHeader, hostname, version } = this.#settings;
    if (delay === undefined || dryRun) return DUNNO;
    return `PREPEND ${delayHeader(xGreylistHeader, delay, hostname, version, now)}`;
  }

  #defer(request: PolicyRequest, verdict: GreylistVerdict): string {
    const { log, counters } = this.#parts;
    const { reason, retryAfter, wasInFuture } = verdict;
    if (reason === 'new') log.storeHasRoom();
    if (wasInFuture) log.firstVisitInFuture();
    const { dryRun, greylistAction, greylistText: plain } = this.#settings;
    const action = dryRun ? DRY_RUN : 'greylist';
    counters.count(action, reason);
    const detail = reason === 'early-retry' ? ` (${retryAfter}s missing)` : '';
    log.answered(request, { action, reason: reason + detail });
    if (dryRun) return DUNNO;
    const template = request.hasEtrnDomain ? withStatusCode(plain) : plain;
    return `${greylistAction} ${greylistText(template, retryAfter, request.recipient)}`;
  }

  #passed(request: PolicyRequest, reason: ReasonFor<'pass'>, delay?: number, waited?: number): void {
    this.#parts.counters.count('pass', reason, waited);
    this.#parts.log.answered(request, { action: 'pass', reason, delay });
  }

  /** Answers DUNNO to a request that could not be decided. */
  #failOpen(reason: ReasonFor<typeof FAIL_OPEN>): string {
    this.#parts.counters.count(FAIL_OPEN, reason);
    return DUNNO;
  }
}
