/**
 * The log of requests: one line for each answer, and lines about faults.
 */

import { OnceLog } from '../errors/once-log.ts';
import { errorText } from '../errors/text.ts';
import type { RawRequest } from '../policy/attributes.ts';
import type { PolicyRequest, RequestFault } from '../policy/request.ts';
import type { Clock } from '../time/clock.ts';
import type { ActionEntry } from './action-line.ts';
import type { Disclosure } from './disclosure.ts';
import type { Log } from './logger.ts';
import { Ration } from './ration.ts';

/** How a request was answered. */
export type Answered = Pick<ActionEntry, 'action' | 'reason' | 'delay'>;

/** So many clients in a row without a name are no chance: usually one in ten has none. */
const MANY_NAMELESS = 1000;

export class RequestLog {
  readonly #log: Log;
  readonly #disclosure: Disclosure;
  /** Logs that the store is full: cleaning makes room for a few at a time, so that its end is not the first of these. */
  readonly #full: OnceLog;
  /** Limits lines about malformed requests. */
  readonly #faults: Ration;
  /** Limits lines about internal errors: a bug may show in each request. */
  readonly #errors: Ration;

  /** Clients without a confirmed name, one after the other. */
  #nameless = 0;
  #isNamelessTold = false;

  /** @param uptime milliseconds, on the monotonic clock */
  constructor(log: Log, disclosure: Disclosure, uptime: Clock['uptime']) {
    this.#log = log;
    this.#disclosure = disclosure;
    this.#faults = new Ration('malformed requests', (text) => log.warn(text), uptime);
    this.#full = new OnceLog(
      {
        begin: '--max-triplets reached: new triplets pass without greylisting',
        end: (count) =>
          `room for new triplets again: ${count} ${count === 1 ? 'mail' : 'mails'} passed without greylisting`,
      },
      (text) => log.warn(text),
      uptime,
    );
    this.#errors = new Ration('internal errors', (text) => log.error(text), uptime);
  }

  /** Logs the end of floods; called periodically. */
  look(): void {
    this.#faults.look();
    this.#errors.look();
  }

  answered(request: PolicyRequest, { action, reason, delay }: Answered): void {
    const { queueId, clientName, clientAddress, sender, recipient } = this.#disclosure.request(request);
    this.#log.action({ queueId, action, reason, delay, clientName, clientAddress, sender, recipient });
  }

  /** @param clientAddress normalised, as postgrey writes it here */
  clientWhitelisted(request: PolicyRequest, clientAddress: string): void {
    this.#log.notice(`whitelisted: ${this.#shownClient({ ...request, clientAddress })}`);
  }

  /** Logs that mail of a farm passes from now on; the line names one of its hosts. */
  farmWhitelisted(request: PolicyRequest): void {
    this.#log.notice(`whitelisted farm of: ${this.#shownClient(request)}`);
  }

  /** Warns once if no client has a name: then the profiles can tell no mail server from another machine. */
  clientName(name: string): void {
    if (name !== '' && name !== 'unknown') {
      this.#nameless = 0;
      return;
    }
    this.#nameless += 1;
    if (this.#nameless !== MANY_NAMELESS || this.#isNamelessTold) return;
    this.#isNamelessTold = true;
    this.#log.warn(
      `the last ${MANY_NAMELESS} clients had no confirmed host name, so all are suspects to --profile: does Postfix look names up (smtpd_peername_lookup = yes)?`,
    );
  }

  firstVisitInFuture(): void {
    this.#log.notice('correcting date for first seen in the future!');
  }

  #shownClient(request: PolicyRequest): string {
    const { clientName, clientAddress } = this.#disclosure.request(request);
    return clientName === '' ? clientAddress : `${clientName}[${clientAddress}]`;
  }

  /** Logs lines of a request that are no attributes. */
  garbage({ garbage, garbageLines }: RawRequest): void {
    for (const line of garbage) this.#faults.tell(`ignoring garbage: <${this.#disclosure.quote(line)}>`);
    const others = garbageLines - garbage.length;
    if (others > 0)
      this.#faults.tell(
        `ignoring garbage: ${others} more ${others === 1 ? 'line' : 'lines'} of this request`,
      );
  }

  fault(fault: RequestFault): void {
    this.#faults.tell(faultText(fault, this.#disclosure));
  }

  internalError(error: unknown): void {
    this.#errors.tell(`internal error, the request passes without greylisting: ${errorText(error)}`);
  }

  storeFailed(error: unknown): void {
    this.#log.error(
      `store failed, mail passes without greylisting until it works again: ${errorText(error)}`,
    );
  }

  /** @param rejected requests that could not be stored in the meantime */
  storeWorks(rejected: number): void {
    this.#log.warn(
      `store works again, ${rejected} ${rejected === 1 ? 'request' : 'requests'} passed without greylisting`,
    );
  }

  /** Logs that there is no room for a new triplet, once; each of the mails has its own line. */
  storeIsFull(): void {
    this.#full.note();
  }

  /** Called when a new triplet was stored. */
  storeHasRoom(): void {
    this.#full.look();
  }
}

function faultText(fault: RequestFault, { quote }: Disclosure): string {
  switch (fault.fault) {
    case 'unrecognized type':
      return `unrecognized request type: '${quote(fault.type)}'`;
    case 'attribute missing':
      return `attribute missing: ${fault.name}`;
    case 'too large':
      return `request too large: ${fault.bound}`;
    case 'no address':
      return `client_address is no IP address: '${quote(fault.clientAddress)}'`;
  }
}
