/**
 * The same world through the real daemon: what it answers over TCP is what the simulation says that it does.
 */
import { expect, test } from 'vitest';
import { Daemon } from '../support/daemon.ts';
import type { PolicyClient } from '../support/policy-client.ts';
import type { Attempt, Outgoing } from './mail.ts';
import { play } from './play.ts';
import type { Answer, Rule } from './rule.ts';
import { OUR_LIST, RULES } from './rules/all.ts';
import { isPass, requestOf, submissionOf } from './rules/greyd.ts';
import { mailsOf } from './traffic.ts';
import { ORDINARY } from './world.ts';

/** Asks the daemon too, and notes where it answers otherwise. */
class BesideDaemon implements Rule {
  readonly differences: string[] = [];
  asked = 0;
  deferred = 0;
  sentMails = 0;
  readonly #rule: Rule;
  readonly #daemon: PolicyClient;

  constructor(rule: Rule, daemon: PolicyClient) {
    this.#rule = rule;
    this.#daemon = daemon;
  }

  async ask(attempt: Attempt, now: number): Promise<Answer> {
    const answer = await this.#rule.ask(attempt, now);
    const action = await this.#daemon.ask({ ...requestOf(attempt, now), instance: undefined });
    this.asked += 1;
    if (answer === 'defer') this.deferred += 1;
    if (isPass(action) !== (answer === 'pass'))
      this.differences.push(`${now} ${JSON.stringify(attempt)}: ${answer}, the daemon: ${action}`);
    return answer;
  }

  async sent(outgoing: Outgoing, now: number): Promise<void> {
    await this.#rule.sent(outgoing, now);
    this.sentMails += 1;
    const action = await this.#daemon.ask({ ...submissionOf(outgoing, now), instance: undefined });
    if (!isPass(action)) this.differences.push(`${now} ${JSON.stringify(outgoing)}: ${action}`);
  }
}

test('the daemon answers as the rule in the simulation, with --profile=smart', async () => {
  const world = { ...ORDINARY, days: 20, recipients: 10, goodPerDay: 40 };
  const daemon = await Daemon.start([
    '--profile=smart',
    '--allow-test-time',
    `--whitelist-clients=${OUR_LIST}`,
  ]);
  const client = await daemon.connect();
  const rule = new BesideDaemon(await RULES.smart(), client);
  await play(mailsOf(world), rule, world.seed);
  client.close();
  expect(rule.differences).toEqual([]);
  expect(rule.asked).toBeGreaterThan(2000);
  expect(rule.deferred).toBeGreaterThan(1000);
  expect(rule.sentMails).toBeGreaterThan(10);
});
