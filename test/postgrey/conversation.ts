/**
 * A conversation: a list of steps, each of which becomes one or a few requests. Steps are written so
 * that leaving some out, or making their numbers smaller, leaves a conversation that makes sense; that
 * is what fast-check does until the shortest one is found on which the programs differ.
 *
 * The clock of a conversation starts at START, which is in the future: postgrey and greyd delete
 * old records by the real clock, and find none here.
 */
import { isPolicyRequest, type TestRequest, utf8 } from './request.ts';
import type { Variation } from './world.ts';

export const START = 3_000_000_000;

type OfSerial = (serial: number) => string;

/** Who writes to whom. */
export interface Mail {
  readonly client: OfSerial;
  readonly name: string;
  readonly sender: (variation: Variation, serial: number) => string;
  readonly recipients: readonly OfSerial[];
}

/** How the clock moves before a step. */
export type Move =
  | { readonly move: 'by'; readonly seconds: number }
  /** To a limit of the profile, counted from an earlier attempt at the same mail, give or take a second. */
  | {
      readonly move: 'to limit';
      readonly limit: number;
      readonly off: -1 | 0 | 1;
      readonly from: 'first' | 'last';
    };

/** Unusual features of the requests of a step. */
export type Oddity =
  | { readonly odd: 'missing'; readonly attribute: string }
  | { readonly odd: 'empty'; readonly attribute: string }
  | { readonly odd: 'lines'; readonly lines: readonly string[] }
  | { readonly odd: 'crlf' }
  | { readonly odd: 'new connection' }
  | { readonly odd: 'type'; readonly type: string };

export interface Step {
  readonly mail: Mail;
  /** 0: the mail is new; else the n-th latest mail is tried again instead. */
  readonly again: number;
  /** Another host in place of the mail's. */
  readonly client: OfSerial | undefined;
  readonly move: Move;
  readonly variation: Variation;
  /** One of its own, none, an empty one, or that of the n-th latest step. */
  readonly instance: 'own' | 'none' | '' | number;
  readonly queueId: string;
  readonly etrnDomain: string | undefined;
  readonly oddity: Oddity | undefined;
  /** The number of mails of new senders that pass, an hour after one another, before all this. */
  readonly regular: number;
  /** The number that pass at the same time, and one more recipient of the first of these messages. */
  readonly burst: number;
}

/** The history of a mail that was tried. */
interface Tried {
  readonly mail: Mail;
  readonly first: number;
  last: number;
}

/** @param limits seconds, around which the clock moves */
export function requestsOf(
  steps: readonly Step[],
  serial: number,
  { delay, limits }: { readonly delay: number; readonly limits: readonly number[] },
): TestRequest[] {
  const requests: TestRequest[] = [];
  const tried: Tried[] = [];
  const instances: string[] = [];
  let now = START;

  for (const [index, step] of steps.entries()) {
    const client = { client_address: (step.client ?? step.mail.client)(serial), client_name: step.mail.name };
    const fresh = (sender: string, instance: string) =>
      requests.push(
        request(now, {
          ...client,
          sender: `${sender}@s${serial}.example`,
          recipient: `bob@r${serial}.example`,
          instance: `${serial}.${index}.${instance}`,
        }),
      );
    for (let mail = 0; mail < step.regular; mail += 1) {
      const sender = `regular-${letter(mail)}${index}`;
      fresh(sender, `regular ${mail}, first`);
      now += delay;
      fresh(sender, `regular ${mail}, second`);
      now += 3600 - (mail % 2 ? delay : 0);
    }
    if (step.burst > 0) {
      const mails = Array.from({ length: step.burst + 1 }, (_, mail) => mail);
      for (const mail of mails) fresh(`burst-${letter(mail)}${index}`, 'burst');
      now += delay;
      for (const mail of mails) fresh(`burst-${letter(mail)}${index}`, `burst ${mail % step.burst}`);
    }

    const earlier = step.again > 0 ? tried.at(-Math.min(step.again, tried.length)) : undefined;
    now = moved(now, step.move, earlier, limits);
    const attempt: Tried = earlier ?? { mail: step.mail, first: now, last: now };
    attempt.last = now;
    tried.push(attempt);

    const instance = instanceOf(step.instance, instances, `${serial}.${index}`);
    instances.push(instance ?? '');
    const { mail } = attempt;
    for (const recipient of mail.recipients) {
      const attributes = {
        client_address: (step.client ?? mail.client)(serial),
        client_name: mail.name,
        sender: mail.sender(step.variation, serial),
        recipient: recipient(serial),
        queue_id: step.queueId,
        ...(instance !== undefined && { instance }),
        ...(step.etrnDomain !== undefined && { etrn_domain: step.etrnDomain }),
      };
      const plain = request(now, attributes);
      const sent = odd(plain, step.oddity);
      requests.push(sent);
      if (!isPolicyRequest(sent)) requests.push(complete(plain, `${serial}.${index}.complete`));
    }
  }
  return requests;
}

function letter(index: number): string {
  return String.fromCharCode('a'.charCodeAt(0) + index);
}

function request(time: number, attributes: Record<string, string>): TestRequest {
  return {
    time,
    lines: [],
    attributes: { request: 'smtpd_access_policy', protocol_state: 'RCPT', ...attributes },
    lineEnd: '\n',
    onNewConnection: false,
  };
}

/**
 * The conversation after a request of another type. postgrey does not answer that one, and takes what it said
 * for part of the next request on the connection; so that one says it all.
 */
function complete(plain: TestRequest, instance: string): TestRequest {
  const optional = { queue_id: '', instance, etrn_domain: '' };
  return { ...plain, attributes: { ...optional, ...plain.attributes } };
}

function moved(now: number, move: Move, earlier: Tried | undefined, limits: readonly number[]): number {
  if (move.move === 'by') return now + move.seconds;
  if (earlier === undefined) return now;
  return Math.max(now, earlier[move.from] + (limits[move.limit % limits.length] ?? 0) + move.off);
}

function instanceOf(choice: Step['instance'], instances: readonly string[], own: string): string | undefined {
  if (choice === 'own') return own;
  if (choice === 'none') return undefined;
  return typeof choice === 'number' ? (instances.at(-choice) ?? own) : choice;
}

function odd(plain: TestRequest, oddity: Oddity | undefined): TestRequest {
  switch (oddity?.odd) {
    case undefined:
      return plain;
    case 'missing': {
      const { [oddity.attribute]: _, ...attributes } = plain.attributes;
      return { ...plain, attributes };
    }
    case 'empty':
      return { ...plain, attributes: { ...plain.attributes, [oddity.attribute]: '' } };
    case 'lines':
      return { ...plain, lines: oddity.lines };
    case 'crlf':
      return { ...plain, lineEnd: '\r\n' };
    case 'new connection':
      return { ...plain, onNewConnection: true };
    case 'type':
      return { ...plain, attributes: { ...plain.attributes, request: oddity.type } };
  }
}

/** Lines that are no attributes, or not the ones that count. */
export const ODD_LINES: readonly string[] = [
  'garbage',
  ' ',
  '=value',
  '=',
  'x'.repeat(150),
  utf8('Müll'),
  `${'y'.repeat(99)}${utf8('é')}`,
  'M\xfcll',
  'tab\there 100%',
  'sender=decoy@decoy.example',
  ' sender=decoy@decoy.example',
  'SENDER=decoy@decoy.example',
  'recipient=',
  'unknown_attribute=a=b=c',
  `${'n'.repeat(600)}=long`,
  `helo_name=${'h'.repeat(3000)}`,
];
