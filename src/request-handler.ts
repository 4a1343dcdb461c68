/**
 * The life of one request, from its attributes to the action that is sent back:
 *
 *   1. whitelists: client name, client address, recipient     -> DUNNO
 *   2. greylisting, over the records of client and triplet     -> DUNNO, PREPEND or the greylist action
 *
 * A mail is deferred only after its first-seen time is stored. Whatever goes wrong on the way (bad
 * input, the store, a bug) is logged and answered with DUNNO: mail is never lost because of greyd.
 */
import { type IpAddress, parseAddress } from './address/ip.ts';
import { decide, type GreylistRules, type Verdict } from './greylist/decision.ts';
import { RecentInstances } from './greylist/instances.ts';
import { clientKey, type NetworkLengths, tripletKey } from './greylist/keys.ts';
import { delayHeader, greylistText, withStatusCode } from './greylist/texts.ts';
import { actionFields, actionLine } from './log/action-line.ts';
import type { Disclosure } from './log/disclosure.ts';
import { errorText, type Log } from './log/logger.ts';
import type { DecisionCounters } from './metrics/counters.ts';
import { DUNNO } from './policy/action.ts';
import { MAX_REQUEST_BYTES, type RawRequest } from './policy/attributes.ts';
import { type PolicyRequest, type RequestFault, toPolicyRequest } from './policy/request.ts';
import type { Store } from './store/store.ts';
import type { Whitelists } from './whitelist/whitelists.ts';

export interface HandlerSettings {
  readonly rules: GreylistRules;
  readonly networkLengths: NetworkLengths;
  /** What a deferred client gets: an action of access(5), as DEFER_IF_PERMIT, and its text. */
  readonly greylistAction: string;
  readonly greylistText: string;
  readonly greylistHeader: string;
  readonly hostname: string;
  readonly version: string;
  /** Take the time from policy_test_time where a request has it. */
  readonly allowTestTime: boolean;
}

export interface HandlerParts {
  readonly whitelists: Whitelists;
  readonly store: Store;
  readonly log: Log;
  readonly disclosure: Disclosure;
  readonly counters: DecisionCounters;
  /** Unix seconds. */
  readonly clock: () => number;
}

export class RequestHandler {
  readonly #settings: HandlerSettings;
  readonly #parts: HandlerParts;
  readonly #instances = new RecentInstances();
  /** Requests let through since the store last worked. */
  #storeFailures = 0;

  constructor(settings: HandlerSettings, parts: HandlerParts) {
    this.#settings = settings;
    this.#parts = parts;
  }

  /** @returns the action to answer with, or undefined to close the connection unanswered. Never rejects. */
  async answer(raw: RawRequest): Promise<string | undefined> {
    try {
      this.#reportGarbage(raw);
      const request = toPolicyRequest(raw);
      return 'fault' in request ? this.#refuse(request) : await this.#decide(request);
    } catch (error) {
      return this.#letThrough(`an error of greyd itself: ${errorText(error)}`);
    }
  }

  async #decide(request: PolicyRequest): Promise<string> {
    const { clock, disclosure } = this.#parts;
    const now = (this.#settings.allowTestTime ? request.testTime : undefined) ?? clock();
    const client = parseAddress(request.clientAddress);
    if (client === undefined) {
      return this.#letThrough(
        `client_address is no IP address: '${disclosure.quote(request.clientAddress)}'`,
      );
    }
    const whitelist = this.#whitelistOf(request, client);
    if (whitelist !== undefined) {
      this.#record(request, 'pass', whitelist);
      return DUNNO;
    }
    let verdict: Verdict;
    try {
      verdict = await this.#greylist(request, client, now);
    } catch (error) {
      return this.#passStoreFailure(error);
    }
    this.#reportStoreRecovery();
    return this.#act(request, verdict, now);
  }

  /** Which whitelist lets this request pass, if any. */
  #whitelistOf({ clientName, recipient }: PolicyRequest, client: IpAddress): string | undefined {
    const { whitelists } = this.#parts;
    if (whitelists.hasClientName(clientName) || whitelists.hasClientAddress(client))
      return 'client whitelist';
    return whitelists.hasRecipient(recipient) ? 'recipient whitelist' : undefined;
  }

  #greylist({ sender, recipient }: PolicyRequest, client: IpAddress, now: number): Promise<Verdict> {
    const { rules, networkLengths } = this.#settings;
    const keys = [tripletKey(client, sender, recipient, networkLengths), clientKey(client)] as const;
    return this.#parts.store.update(keys, ([triplet, client]) => {
      const { verdict, save } = decide({ triplet, client }, rules, now);
      return { result: verdict, save: [save.triplet, save.client] };
    });
  }

  /** Turns a verdict, which is stored by now, into log lines and the action. */
  #act(request: PolicyRequest, verdict: Verdict, now: number): string {
    if (verdict.action === 'greylist') {
      this.#record(request, 'greylist', verdict.reason, { missing: verdict.missing });
      return this.#greylistAction(request, verdict.missing);
    }
    if (verdict.reason === 'client AWL') {
      this.#record(request, 'pass', verdict.reason);
      return DUNNO;
    }
    if (verdict.clientWhitelisted) this.#reportWhitelisted(request);
    const delay =
      verdict.delayed !== undefined && this.#instances.isNew(request.instance) ? verdict.delayed : undefined;
    this.#record(request, 'pass', verdict.reason, { delay });
    if (delay === undefined) return DUNNO;
    const { greylistHeader, hostname, version } = this.#settings;
    return `PREPEND ${delayHeader(greylistHeader, delay, hostname, version, now)}`;
  }

  #greylistAction(request: PolicyRequest, missing: number): string {
    const { greylistAction, greylistText: plain } = this.#settings;
    const template = request.hasEtrnDomain ? withStatusCode(plain) : plain;
    return `${greylistAction} ${greylistText(template, missing, request.recipient)}`;
  }

  #record(
    request: PolicyRequest,
    action: 'greylist' | 'pass',
    reason: string,
    { missing, delay }: { missing?: number; delay?: number | undefined } = {},
  ): void {
    const { counters, disclosure, log } = this.#parts;
    counters.count(action, reason);
    const detail = reason === 'early-retry' ? ` (${missing}s missing)` : '';
    const entry = { ...disclosure.request(request), action, reason: reason + detail, delay };
    log.info(actionFields(entry), actionLine(entry));
  }

  #reportWhitelisted(request: PolicyRequest): void {
    const { clientName, clientAddress } = this.#parts.disclosure.request(request);
    this.#parts.log.info(
      `whitelisted: ${clientName === '' ? clientAddress : `${clientName}[${clientAddress}]`}`,
    );
  }

  #reportGarbage({ garbage, garbageLines }: RawRequest): void {
    const { log, disclosure } = this.#parts;
    for (const line of garbage) log.warn(`ignoring garbage: <${disclosure.quote(line)}>`);
    if (garbageLines > garbage.length)
      log.warn(`ignoring garbage: ${garbageLines - garbage.length} more lines`);
  }

  #refuse(fault: RequestFault): string | undefined {
    const { log, disclosure } = this.#parts;
    switch (fault.fault) {
      case 'unrecognized type':
        log.warn(`unrecognized request type: '${disclosure.quote(fault.type)}'`);
        return undefined;
      case 'attribute missing':
        return this.#letThrough(`attribute missing: ${fault.name}`);
      case 'too large':
        return this.#letThrough(`request larger than ${MAX_REQUEST_BYTES} bytes`);
    }
  }

  #letThrough(warning: string): string {
    this.#parts.counters.count('let through', 'bad request');
    this.#parts.log.warn(warning);
    return DUNNO;
  }

  /** Logged once when it begins, then counted: a full disk must not fill the log as well. */
  #passStoreFailure(error: unknown): string {
    this.#parts.counters.count('let through', 'store failure');
    if (this.#storeFailures === 0) {
      this.#parts.log.error(
        `store failed, mail passes without greylisting until it works again: ${errorText(error)}`,
      );
    }
    this.#storeFailures += 1;
    return DUNNO;
  }

  #reportStoreRecovery(): void {
    if (this.#storeFailures === 0) return;
    this.#parts.log.warn(`store works again, ${this.#storeFailures} requests passed without greylisting`);
    this.#storeFailures = 0;
  }
}
