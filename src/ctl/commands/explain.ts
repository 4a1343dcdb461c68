/**
 * greyctl explain: shows what greyd decides about a request now, why, and from when on its mail passes. greyd's
 * own request handler decides, in a trace; nothing is changed.
 */
import { parseAddress } from '../../address/ip.ts';
import { explanationObject, explanationText } from '../../inspect/explanation.ts';
import { Tracer } from '../../inspect/trace.ts';
import { type OptionEntry, UsageError } from '../../options/command-line.ts';
import type { GivenOf } from '../../options/given.ts';
import { daemonOption, LOOKUP_OPTIONS, RULES_OPTIONS } from '../../options/of-daemon.ts';
import { listFilesOf, networkLengthsOf, rulesOf } from '../../options/shared.ts';
import { AttributeReader, type RawRequest } from '../../policy/attributes.ts';
import type { Attributes } from '../../policy/client.ts';
import { policyText } from '../../policy/client.ts';
import type { ReadableStore } from '../../store/store.ts';
import { Whitelists } from '../../whitelist/whitelists.ts';
import { requireAttributes } from '../arguments.ts';
import { type ExitStatus, makeCommand, type Work } from '../command.ts';
import { RECORDS_OPTIONS, withRecords } from '../records.ts';
import { FROM_LOG_OPTION, POLICY_ATTRIBUTES, requestAttributes } from '../request-words.ts';

/** Options that the answer depends on, beside those of the records and the rules. */
const ANSWER_OPTIONS = [
  daemonOption('--whitelist-clients'),
  daemonOption('--whitelist-recipients'),
  daemonOption('--whitelist-senders'),
  daemonOption('--greylist-clients'),
  daemonOption('--recipient-policies'),
  daemonOption('--profile'),
  daemonOption('--outgoing-networks'),
  daemonOption('--greylist-action'),
  daemonOption('--greylist-text'),
  daemonOption('--x-greylist-header'),
  daemonOption('--hostname'),
  daemonOption('--max-triplets'),
  daemonOption('--max-new-per-client'),
  daemonOption('--dry-run'),
  daemonOption('--allow-test-time'),
  daemonOption('--max-request-size'),
  daemonOption('--max-request-attributes'),
] as const;

const ASKED = ['client_address', 'sender', 'recipient'] as const;

const EXPLAIN_OPTIONS = [
  FROM_LOG_OPTION,
  ...RECORDS_OPTIONS,
  ...RULES_OPTIONS,
  ...LOOKUP_OPTIONS,
  ...ANSWER_OPTIONS,
] as const satisfies readonly OptionEntry[];

type GivenExplain = GivenOf<typeof EXPLAIN_OPTIONS>;

export const explainCommand = makeCommand(
  {
    name: 'greyctl explain',
    summary: 'show what greyd decides about a mail, and why',
    usage: '[options] client_address=… [client_name=…] sender=… recipient=… | --from-log=LINE',
    description:
      'Shows each step of the decision of greyd about a request, and changes nothing: the whitelists, with ' +
      'file and line, the records, with their times, the answer, and from when on the mail passes. ' +
      'Without arguments, policy requests are read from standard input as Postfix sends them, each with an ' +
      'empty line at its end. The whitelist files are read as they are now; greyd has them as they were at its ' +
      'last reload. Exit status 0: the mail passes; 1: it is deferred.\n\n' +
      'Examples:\n' +
      '  greyctl explain client_address=192.0.2.10 client_name=mail.example.net sender=alice@example.net ' +
      'recipient=bob@example.org\n' +
      '  grep bob@example.org /var/log/mail.log | greyctl explain --from-log=-',
    options: EXPLAIN_OPTIONS,
    arguments: { attributes: POLICY_ATTRIBUTES },
  },
  async (given, { attributes }, work) => {
    const isStream = attributes.size === 0 && given.fromLog === undefined;
    const requests = isStream ? requestsOf(work.input, given) : [await namedRequest(given, attributes, work)];
    const whitelists = new Whitelists(listFilesOf(given, work.nameWordFiles));
    return withRecords(given, work, async (store) => {
      for (const warning of await whitelists.load()) work.tell(warning);
      return explainAll(requests, store, whitelists, given, work);
    });
  },
);

async function explainAll(
  requests: AsyncIterable<RawRequest> | Iterable<RawRequest>,
  store: ReadableStore,
  whitelists: Whitelists,
  given: GivenExplain,
  { now: clockNow, hostname, version, print, isJson, paint }: Work,
): Promise<ExitStatus> {
  const rules = rulesOf(given);
  const settings = {
    networkLengths: networkLengthsOf(given),
    profile: given.profile,
    outgoingNetworks: given.outgoingNetworks,
    greylistAction: given.greylistAction,
    greylistText: given.greylistText,
    xGreylistHeader: given.xGreylistHeader,
    hostname: given.hostname || hostname,
    version,
    dryRun: given.dryRun,
    allowTestTime: given.allowTestTime,
  };
  const { maxTriplets, maxNewPerClient } = given;
  const limits = { ...rules, maxTriplets, maxNewPerClient };
  const tracer = new Tracer(settings, { whitelists, store, rules: limits, now: clockNow });
  let [count, deferred] = [0, 0];
  for await (const request of requests) {
    const trace = await tracer.trace(request);
    const now = trace.visited?.visit.now ?? clockNow();
    if (count > 0 && !isJson) await print({}, '');
    await print(
      explanationObject(request, trace, rules, now),
      explanationText(request, trace, rules, now, paint),
    );
    count += 1;
    if (trace.entry?.action === 'greylist') deferred += 1;
  }
  if (count === 0)
    throw new UsageError('no complete request on standard input: a request ends with an empty line');
  return deferred > 0 ? 1 : 0;
}

async function namedRequest(given: GivenExplain, named: Attributes, work: Work): Promise<RawRequest> {
  const attributes = await requestAttributes(named, given.fromLog, work);
  requireAttributes(attributes, ASKED);
  const address = attributes.get('client_address') ?? '';
  if (parseAddress(address) === undefined)
    throw new UsageError(`client_address=${address}: write an IP address`);
  const reader = readerFor(given);
  reader.push(Buffer.from(policyText(attributes)));
  const request = reader.next();
  if (request === undefined) throw new UsageError('the arguments make no valid request');
  return request;
}

async function* requestsOf(
  input: AsyncIterable<Buffer>,
  given: GivenExplain,
): AsyncGenerator<RawRequest, void> {
  const reader = readerFor(given);
  for await (const chunk of input) {
    reader.push(chunk);
    for (let request = reader.next(); request !== undefined; request = reader.next()) yield request;
  }
}

function readerFor({ maxRequestSize, maxRequestAttributes }: GivenExplain): AttributeReader {
  return new AttributeReader({ maxBytes: maxRequestSize, maxAttributes: maxRequestAttributes });
}
