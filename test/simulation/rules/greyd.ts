/**
 * greyd's own rule: its request handler over its greylister and a store in memory, on the clock of the simulation.
 */
import { DecisionCounters } from '../../../src/decisions/counters.ts';
import type { Profile } from '../../../src/greylist/visit.ts';
import { showAll } from '../../../src/log/disclosure.ts';
import type { Log } from '../../../src/log/logger.ts';
import { RequestLog } from '../../../src/log/request-log.ts';
import { DUNNO } from '../../../src/policy/action.ts';
import type { RawRequest } from '../../../src/policy/attributes.ts';
import { RequestHandler } from '../../../src/request-handler.ts';
import { MemoryStore } from '../../../src/store/memory.ts';
import { Greylister } from '../../../src/store-thread/greylister.ts';
import { DAY } from '../../../src/time/units.ts';
import { Whitelists } from '../../../src/whitelist/whitelists.ts';
import type { Attempt, Outgoing } from '../mail.ts';
import type { Answer, Rule } from '../rule.ts';

const RULES = {
  ...{ delay: 300, retryWindow: 2 * DAY, maxAge: 35 * DAY, autoWhitelistAfter: 5 },
  ...{ namedDelay: 60, autoWhitelistFarmsAfter: 3, maxTriplets: 0, maxNewPerClient: 0 },
};

const SETTINGS = {
  ...{ networkLengths: { ipv4: 24, ipv6: 64 }, outgoingNetworks: [] },
  ...{ greylistAction: 'DEFER_IF_PERMIT', greylistText: 'later', xGreylistHeader: 'X-Greylist: %t' },
  ...{ hostname: 'mx', version: '0', dryRun: false, allowTestTime: true },
};

/** From the root of the tree, where npm runs its scripts. */
const NAME_WORDS = 'etc/greyd/client_names';

const nothing = () => {};
const NO_LOG: Log = { debug: nothing, action: nothing, notice: nothing, warn: nothing, error: nothing };

/** The attributes of a request, as greyd's daemon is asked about an attempt. */
export function requestOf(
  { clientName, clientAddress, sender, recipient }: Omit<Attempt, 'message' | 'spfPass'>,
  now: number,
) {
  return {
    request: 'smtpd_access_policy',
    ...{ client_name: clientName, client_address: clientAddress, sender, recipient },
    policy_test_time: String(now),
  };
}

/** The attributes of a request about mail of our own user. */
export function submissionOf({ user, recipient }: Outgoing, now: number) {
  return {
    ...requestOf({ ...SUBMITTING, sender: user, recipient }, now),
    ...{ policy_context: 'outgoing', sasl_username: user },
  };
}

const SUBMITTING = { clientName: 'unknown', clientAddress: '192.0.2.10' };

export const isPass = (action: string | undefined) => action === DUNNO || action?.startsWith('PREPEND ');

export class GreydRule implements Rule {
  readonly #handler: RequestHandler;

  private constructor(whitelists: Whitelists, profile: Profile) {
    this.#handler = new RequestHandler(
      { ...SETTINGS, profile },
      {
        whitelists,
        greylisting: new Greylister(new MemoryStore(), RULES),
        log: new RequestLog(NO_LOG, showAll, () => 0),
        counters: new DecisionCounters(),
        now: () => 0,
      },
    );
  }

  /** @param clientLists files of clients that are not greylisted */
  static async open(profile: Profile, clientLists: readonly string[]): Promise<GreydRule> {
    const whitelists = new Whitelists({ clients: clientLists, recipients: [], nameWords: [NAME_WORDS] });
    const warnings = await whitelists.load();
    if (warnings.length > 0) throw new Error(warnings.join('\n'));
    return new GreydRule(whitelists, profile);
  }

  async ask(attempt: Attempt, now: number): Promise<Answer> {
    return isPass(await this.#answer(requestOf(attempt, now))) ? 'pass' : 'defer';
  }

  async sent(outgoing: Outgoing, now: number): Promise<void> {
    await this.#answer(submissionOf(outgoing, now));
  }

  #answer(attributes: RawRequest['attributes']): Promise<string | undefined> {
    return this.#handler.answer({ attributes, garbage: [], garbageLines: 0, tooLarge: undefined });
  }
}
