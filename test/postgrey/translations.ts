/**
 * greyd's own words where they differ from postgrey's on purpose: for each such difference a function
 * from the one to the other. It changes nothing where the difference does not apply.
 */
import { formatAddress, networkOf, parseAddress } from '../../src/address/ip.ts';
import { CLOSED, NO_ANSWER } from './link.ts';
import { decoded, fieldOf, isPolicyRequest, utf8 } from './request.ts';
import type { Said, Shown, Situation } from './said.ts';

export type Translation = (said: Said, situation: Situation) => Said;

export const closesConnection: Translation = (said, { request }) =>
  isPolicyRequest(request) || said.answer !== NO_ANSWER ? said : { ...said, answer: CLOSED };

/** One header for each message: also for one that postgrey has forgotten, none for an empty name. */
export const rememberedInstances: Translation = (said, { request, profile, grounds }) => {
  const [head = '', ...rest] = said.lines.toReversed();
  const withHead = (text: string) => [...rest.toReversed(), text];
  const instance = fieldOf(request, 'instance');
  if (grounds.isForgotten && instance !== '' && said.answer.startsWith('PREPEND ')) {
    return { ...said, answer: 'DUNNO', lines: withHead(head.replace(/, delay=-?\d+$/, '')) };
  }
  if (instance !== '' || grounds.delayed === undefined || said.answer !== 'DUNNO') return said;
  const { xGreylistHeader, hostname } = profile.options;
  const values: Record<string, string> = {
    t: String(grounds.delayed),
    v: 'VERSION',
    h: hostname,
    d: 'DATE',
  };
  const header = xGreylistHeader
    .replace('greyd-', 'NAME-')
    .replace(/%([tvhd])/g, (_, letter) => values[letter] ?? '');
  return { ...said, answer: `PREPEND ${header}`, lines: withHead(`${head}, delay=${grounds.delayed}`) };
};

/** Bytes that are no UTF-8 are Latin-1, value by value. */
export const latin1: Translation = (said, { request }) => {
  const recipient = fieldOf(request, 'recipient') ?? '';
  const domain = recipient.slice(recipient.lastIndexOf('@') + 1);
  const isText = utf8(decoded(recipient)) === recipient;
  return {
    answer: isText ? said.answer : said.answer.replace(domain, utf8(domain)),
    lines: said.lines.map((line) => line.replace(/(?<=^ignoring garbage: <).*(?=>$)/s, asText)),
    shown: mapShown(said.shown, asText),
  };
};

export const noControlCharacters: Translation = (said) => ({
  ...said,
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones
  answer: said.answer.replace(/[\x00-\x1f\x7f]/g, '?'),
});

/** `0` is a value like any other. */
export const zeroes: Translation = ({ answer, lines, shown }, { request }) => ({
  answer,
  lines: lines.map((line) => {
    if (line.startsWith('action=') && fieldOf(request, 'queue_id') === '0') return `0: ${line}`;
    const isNamed = line.startsWith('whitelisted: ') && fieldOf(request, 'client_name') === '0';
    return isNamed ? line.replace(/^whitelisted: (.*)$/, 'whitelisted: 0[$1]') : line;
  }),
  shown: mapShown(shown, (value, name) => (fieldOf(request, name) === '0' ? '0' : value)),
});

/** With --privacy the log tells no full address. */
export const maskedLog: Translation = (said, { profile }) => {
  if (!profile.options.privacy) return said;
  const { shown } = said;
  return {
    answer: said.answer,
    lines: said.lines.map((line) =>
      line
        .replace(
          /^whitelisted: (?:.*\[)?([\dA-F.:]+)\]?$/s,
          (_, address) => `whitelisted: ${networkAround(address)}`,
        )
        .replace(/(?<=^ignoring garbage: <).*(?=>$)/s, lengthOf)
        .replace(/(?<=^unrecognized request type: ').*(?='$)/s, lengthOf),
    ),
    shown: shown && {
      client_name: '',
      client_address: networkAround(shown.client_address),
      sender: domainOf(shown.sender),
      recipient: domainOf(shown.recipient),
    },
  };
};

function asText(bytes: string): string {
  return utf8(decoded(bytes));
}

function lengthOf(bytes: string): string {
  return `${decoded(bytes).length} characters`;
}

function networkAround(text: string): string {
  const address = parseAddress(text);
  return address === undefined ? '' : formatAddress(networkOf(address, address.family === 4 ? 24 : 64));
}

function domainOf(address: string): string {
  const at = address.lastIndexOf('@');
  return address === '' ? '' : `*${at === -1 ? '' : address.slice(at)}`;
}

function mapShown(
  shown: Shown | undefined,
  change: (value: string, name: keyof Shown) => string,
): Shown | undefined {
  return (
    shown && {
      client_name: change(shown.client_name, 'client_name'),
      client_address: change(shown.client_address, 'client_address'),
      sender: change(shown.sender, 'sender'),
      recipient: change(shown.recipient, 'recipient'),
    }
  );
}
