/**
 * Prints a trace in words, step by step in the order of the decision, and as an object for --json.
 */
import { DRY_RUN } from '../decisions/reasons.ts';
import type { GreylistRules } from '../greylist/decision.ts';
import { printable } from '../log/printable.ts';
import type { RawRequest } from '../policy/attributes.ts';
import type { UnixSeconds } from '../time/clock.ts';
import type { WhitelistLine } from '../whitelist/whitelist-file.ts';
import { headedLines, type Line } from './format/lines.ts';
import type { Paint } from './format/terminal.ts';
import { duration, localTime, moment, utc } from './format/times.ts';
import { decidedBy, delayOf, poolLines, profileLines, profileObject } from './profile-steps.ts';
import { clientForm, keyText, shownRecipient, shownSender, tripletForm } from './rows.ts';
import { stateOf } from './states.ts';
import type { Trace, TracedVisit } from './trace.ts';

/** The time in which a retry of a deferred mail passes, in Unix seconds. */
interface PassTime {
  readonly from: number;
  /** After this the delay starts again. */
  readonly until: number;
}

/** @param now time of the trace, in Unix seconds */
export function explanationText(
  { attributes }: RawRequest,
  trace: Trace,
  rules: GreylistRules,
  now: UnixSeconds,
  paint: Paint,
): string {
  const { client_name: name = '', client_address: address = '', sender = '', recipient = '' } = attributes;
  const { answer, entry, remarks, visited } = trace;
  const isDeferred = entry?.action.startsWith('greylist');
  const undecided =
    answer === undefined
      ? 'none: not a valid request'
      : 'none: the request cannot be decided, so the mail passes';
  const decision = entry === undefined ? undecided : `action=${entry.action}, reason=${entry.reason}`;
  const lines: Line[] = [
    ...listLines('client whitelist', trace.clientLine),
    ...listLines('recipient whitelist', trace.recipientLine),
    ...listLines('sender whitelist', trace.senderLine),
    ...listLines('recipient policy', trace.policyLine),
    ...listLines('greylisted clients', trace.greylistedLine),
    ...(visited === undefined ? [] : [...recordLines(visited, rules), ...poolLines(visited, rules)]),
    ...(visited === undefined ? [] : decidedBy(visited, name || address)),
    ...remarks.map((remark): Line => ['remark', remark]),
    ['decision', decision, isDeferred ? 'yellow' : 'green'],
    ['answer', answer ?? 'none: the connection is closed'],
    ...(visited === undefined ? [] : passLines(visited, rules, entry?.action === DRY_RUN)),
  ];
  const heading = `${name}[${address}] ${shownSender(sender)} -> ${shownRecipient(recipient)}`;
  return [paint('bold', printable(heading)), ...headedLines([['now', localTime(now)], ...lines], paint)].join(
    '\n',
  );
}

/** For --json. */
export function explanationObject(
  { attributes }: RawRequest,
  trace: Trace,
  rules: GreylistRules,
  now: UnixSeconds,
): object {
  const { client_name, client_address, sender, recipient } = attributes;
  const { answer = null, entry, remarks, clientLine, recipientLine, visited } = trace;
  const times = visited && passTime(visited, rules);
  const state = (record: NonNullable<TracedVisit['triplet' | 'client']>) =>
    stateOf(record, rules, visited?.visit.now ?? now);
  return {
    ...{ client_name, client_address, sender, recipient },
    time: utc(now),
    action: entry?.action ?? null,
    reason: entry?.reason ?? null,
    answer,
    whitelist:
      lineObject('clients', clientLine) ??
      lineObject('recipients', recipientLine) ??
      lineObject('senders', trace.senderLine) ??
      null,
    ...(visited?.visit.terms === undefined ? {} : profileObject(visited, rules)),
    client:
      visited?.client === undefined
        ? null
        : clientForm(false).toObject({
            key: visited.visit.client,
            record: visited.client,
            state: state(visited.client),
          }),
    triplet:
      visited?.triplet === undefined
        ? null
        : tripletForm(false).toObject({
            key: visited.visit.triplet,
            record: visited.triplet,
            state: state(visited.triplet),
          }),
    passes_from: times ? utc(times.from) : null,
    passes_until: times ? utc(times.until) : null,
    remarks,
  };
}

function listLines(heading: string, line: Trace['clientLine']): Line[] {
  if (line === undefined) return [];
  return [[heading, line === 'not on it' ? line : `${line.file} line ${line.number}: ${line.pattern}`]];
}

function lineObject(list: string, line: WhitelistLine | string | undefined): object | undefined {
  if (line === undefined || typeof line === 'string') return undefined;
  return { list, file: line.file, line: line.number, pattern: line.pattern };
}

function recordLines(visited: TracedVisit, rules: GreylistRules): Line[] {
  const { visit, client, triplet } = visited;
  const { now } = visit;
  const enough = rules.autoWhitelistAfter;
  const { clientAddress } = visit.client;
  const clientState = client && stateOf(client, rules, now);
  const count = client === undefined || clientState === 'expired' ? 0 : client.count;
  const retries =
    clientState === 'auto-whitelisted'
      ? `auto-whitelisted: ${count === 1 ? '1 successful retry' : `${count} successful retries`} from ${clientAddress}, ${enough} needed`
      : `not auto-whitelisted: ${count} of ${enough} successful retries from ${clientAddress}`;
  const autoWhitelist: Line = ['auto-whitelist', enough === 0 ? 'off (--auto-whitelist-clients=0)' : retries];
  const steps = profileLines(visited, rules, autoWhitelist);
  if (clientState === 'auto-whitelisted') return steps;
  const name = keyText(visit.triplet);
  if (triplet === undefined) return [...steps, ['triplet', `${name}: not known`]];
  const { first, last } = triplet;
  return [
    ...steps,
    ['triplet', `${name}: ${stateOf(triplet, rules, now)}`],
    ['first seen', moment(first, now)],
    ['last seen', last === first ? 'same as first seen' : moment(last, now)],
  ];
}

function passLines(visited: TracedVisit, rules: GreylistRules, isDryRun: boolean): Line[] {
  const { verdict, visit } = visited;
  const times = isDryRun ? undefined : passTime(visited, rules);
  if (times === undefined) return [['passes', 'now']];
  if (verdict.action === 'greylist' && verdict.reason === 'new') {
    return [
      [
        'passes',
        `${duration(delayOf(visited, rules))} after this attempt, if retried within ${duration(rules.retryWindow)}`,
      ],
    ];
  }
  return [['passes', `from ${moment(times.from, visit.now)}, if retried by ${localTime(times.until)}`]];
}

/** @returns undefined: the mail passes now */
function passTime(visited: TracedVisit, rules: GreylistRules): PassTime | undefined {
  const { verdict, visit } = visited;
  if (verdict.action !== 'greylist') return undefined;
  const from = visit.now + verdict.retryAfter;
  return { from, until: from - delayOf(visited, rules) + rules.retryWindow };
}
