/**
 * The way through a fault of the store, as every one of them has to be: mail is deferred; the fault comes,
 * and mail passes; it goes, and mail is deferred again, without a restart. The log has a line for either.
 */
import { join } from 'node:path';
import { expect } from 'vitest';
import type { Daemon } from './daemon.ts';
import { forgotten, MailFlow } from './mail-flow.ts';

export interface Fault {
  /** For the table of figures. */
  readonly name: string;
  readonly cause: () => unknown;
  readonly mend: () => unknown;
  /** The reason in the log. */
  readonly reason: RegExp;
  /** How long an answer may take meanwhile, in milliseconds. */
  readonly slowestMs: number;
  /** The files in which deferred mails may be afterwards. Defaults to greyd.db. */
  readonly databases?: readonly string[];
}

/** Mails before, during and after the fault, at least. */
const MAILS = 200;

export async function goThrough(daemon: Daemon, fault: Fault): Promise<void> {
  const { name, cause, mend, reason, slowestMs, databases = [join(daemon.dbdir, 'greyd.db')] } = fault;
  const flow = new MailFlow(daemon);
  await flow.moreDeferred(MAILS);
  expect(flow.passed).toBe(0);

  flow.restart();
  await cause();
  await flow.morePassed(MAILS);
  const slowest = flow.slowestMs;
  await mend();
  await daemon.logged(/store works again/);
  const { passed } = flow;
  await flow.moreDeferred(MAILS);
  await flow.stop();

  expect(flow.passed).toBe(passed);
  const said = daemon.logLines.filter((line) => line.includes('store '));
  expect(said).toEqual([
    expect.stringMatching(reason),
    `store works again, ${passed} ${passed === 1 ? 'request' : 'requests'} passed without greylisting`,
  ]);
  expect(said[0]).toMatch(/^store failed, mail passes without greylisting until it works again: /);
  expect(slowest).toBeLessThan(slowestMs);
  const lost = forgotten(flow.deferred, ...databases);
  expect([lost.length, lost.slice(0, 3)]).toEqual([0, []]);
  console.info(
    `${name}: ${flow.deferred.size} mails deferred, 0 forgotten; ${passed} passed; slowest answer ${slowest.toFixed(0)} ms`,
  );
}
