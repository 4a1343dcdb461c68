/**
 * The life of one request, from its attributes to the action that is sent back:
 *
 *   1. whitelists: client name, client address, recipient     -> DUNNO
 *   2. greylisting, over the records of client and triplet     -> DUNNO, PREPEND or the greylist action
 *
 * A mail is deferred only after its first-seen time is stored. Any failure on the way (bad input, the
 * store, a bug) is logged and answered with DUNNO: mail is never lost because of greyd.
 */
import { formatAddress, type IpAddress, parseAddress } from './address/ip.ts';
import type { DecisionCounters } from './decisions/counters.ts';
import { DRY_RUN, FAIL_OPEN, type ReasonFor } from './decisions/reasons.ts';
import type { GreylistVerdict } from './greylist/decision.ts';
import { RecentInstances } from './greylist/instances.ts';
import { clientKey, type NetworkLengths, tripletKey } from './greylist/keys.ts';
import { delayHeader, greylistText, withStatusCode } from './greylist/texts.ts';
import type { RequestLog } from './log/request-log.ts';
import { DUNNO } from './policy/action.ts';
import type { RawRequest } from './policy/attributes.ts';
import { type PolicyRequest, toPolicyRequest } from './policy/request.ts';
import type { Greylisting, Verdict } from './store-thread/greylister.ts';
import type { Clock, UnixSeconds } from './time/clock.ts';
import type { Whitelists } from './whitelist/whitelists.ts';

export interface HandlerSettings {
  readonly networkLengths: NetworkLengths;
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

export interface HandlerParts {
  readonly whitelists: Pick<Whitelists, 'findClient' | 'findRecipient'>;
  readonly greylisting: Pick<Greylisting, 'decide'>;
  readonly log: RequestLog;
  readonly counters: DecisionCounters;
  /** Unix seconds. */
  readonly now: Clock['now'];
}

export class RequestHandler {
  readonly #settings: HandlerSettings;
  readonly #parts: HandlerParts;
  readonly #instances = new RecentInstances();

  constructor(settings: HandlerSettings, parts: HandlerParts) {
    this.#settings = settings;
    this.#parts = parts;
  }

  /** @returns the action to answer with, or undefined to close the connection unanswered. Never rejects. */
  async answer(raw: RawRequest): Promise<string | undefined> {
    try {
      this.#parts.log.garbage(raw);
      const request = toPolicyRequest(raw);
      if (!('fault' in request)) return await this.#decide(request);
      this.#parts.log.fault(request);
      return request.fault === 'unrecognized type' ? undefined : this.#failOpen('bad request');
    } catch (error) {
      this.#parts.log.internalError(error);
      return this.#failOpen('internal error');
    }
  }

  #decide(request: PolicyRequest): string | Promise<string> {
    const { log, greylisting } = this.#parts;
    const client = parseAddress(request.clientAddress);
    if (client === undefined) {
      log.fault({ fault: 'no address', clientAddress: request.clientAddress });
      return this.#failOpen('bad request');
    }
    const whitelist = this.#whitelistOf(request, client);
    if (whitelist !== undefined) {
      this.#passed(request, whitelist);
      return DUNNO;
    }

    const now = (this.#settings.allowTestTime ? request.testTime : undefined) ?? this.#parts.now();
    const { sender, recipient } = request;
    const triplet = tripletKey(client, sender, recipient, this.#settings.networkLengths);
    return greylisting.decide({ triplet, client: clientKey(client), now }).then(
      (verdict) => this.#act(request, client, verdict, now),
      // The circuit breaker logs the failure, once for all requests that it affects.
      () => this.#failOpen('store failure'),
    );
  }

  /** Returns which whitelist passes this request, if one does. */
  #whitelistOf({ clientName, recipient }: PolicyRequest, client: IpAddress): ReasonFor<'pass'> | undefined {
    const { whitelists } = this.#parts;
    if (whitelists.findClient(clientName, client) !== undefined) return 'client whitelist';
    return whitelists.findRecipient(recipient) === undefined ? undefined : 'recipient whitelist';
  }

  #act(request: PolicyRequest, client: IpAddress, verdict: Verdict, now: UnixSeconds): string {
    if (verdict.action === 'greylist') return this.#defer(request, verdict);
    // The wait of the triplet. A mail to several recipients shows it once, though each of them waited.
    let waited: number | undefined;
    if (verdict.reason === 'triplet found') {
      if (verdict.clientWhitelisted) {
        this.#parts.log.clientWhitelisted(request, formatAddress(client).toUpperCase());
      }
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
