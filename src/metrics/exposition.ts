/**
 * Every metric of greyd, with its name and meaning: docs/reference.md has the same list, and a test compares them.
 * Figures are read where they are kept when a page is read.
 *
 * No label holds anything that a client has sent. A figure that is not known now is left out.
 */
import type { DecisionTotal } from '../decisions/counters.ts';
import { withZeros } from '../decisions/reasons.ts';
import type { Key } from '../greylist/keys.ts';
import type { StoreFigures } from '../store-thread/messages.ts';
import type { WhitelistSizes } from '../whitelist/whitelists.ts';
import type { Measures } from './measures.ts';
import { MetricsPage, type Sample } from './text-format.ts';

/** The figures of one page. */
export interface Figures {
  readonly version: string;
  readonly node: string;
  readonly decisions: readonly DecisionTotal[];
  readonly measures: Measures;
  readonly store: { readonly works: boolean; readonly failures: number };
  /** undefined: the store did not answer in time. */
  readonly records: StoreFigures | undefined;
  readonly connections: { readonly open: number; readonly accepted: number; readonly limit: number };
  readonly whitelists: {
    readonly sizes: WhitelistSizes;
    readonly isUpToDate: boolean;
    /** Unix seconds. */
    readonly readAt: number;
  };
  /** Usage of the process. */
  readonly usage: {
    /** Unix seconds. */
    readonly startedAt: number;
    readonly cpuSeconds: number;
    readonly residentBytes: number;
  };
}

export function metricsPage(figures: Figures): MetricsPage {
  const page = new MetricsPage();
  addAnswers(page, figures);
  addStore(page, figures);
  addRecords(page, figures.records);
  addWhitelists(page, figures.whitelists);
  addProcess(page, figures);
  return page;
}

function addAnswers(page: MetricsPage, { decisions, measures, connections }: Figures): void {
  const { requests, delays } = measures;
  page.counter(
    'greyd_decisions_total',
    'Requests answered, by action and reason; fail open is DUNNO because of a fault',
    withZeros(decisions).map(({ count, ...labels }) => ({ labels, value: count })),
  );
  page.histogram('greyd_request_duration_seconds', 'Time from a complete request to its answer', requests);
  page.histogram('greyd_delay_seconds', 'How long a triplet was greylisted until it first passed', delays);
  page.gauge('greyd_connections', 'Open connections of mail servers', [{ value: connections.open }]);
  page.gauge('greyd_connections_limit', 'Maximum number of connections', [{ value: connections.limit }]);
  page.counter('greyd_connections_accepted_total', 'Connections accepted', [{ value: connections.accepted }]);
}

function addStore(page: MetricsPage, { store, measures }: Figures): void {
  page.gauge('greyd_store_up', '1 if the last write or check of the store succeeded, else 0', [
    { value: Number(store.works) },
  ]);
  page.counter(
    'greyd_store_failures_total',
    'How often the store began to fail; requests that passed in the meantime are counted in greyd_decisions_total',
    [{ value: store.failures }],
  );
  page.histogram(
    'greyd_store_duration_seconds',
    'Time from a query of the store to its answer, or to the time-out',
    measures.store,
  );
}

function addRecords(page: MetricsPage, { records, cleaned }: Partial<StoreFigures> = {}): void {
  if (records !== undefined) {
    page.gauge('greyd_records', 'Records in the database, including expired ones', byKind(records));
  }
  if (cleaned === undefined) return;
  const { triplet, client } = cleaned;
  page.counter(
    'greyd_cleaning_examined_total',
    'Records that the cleaner checked for expiry',
    byKind({ triplet: triplet.examined, client: client.examined }),
  );
  page.counter(
    'greyd_cleaning_deleted_total',
    'Expired records that the cleaner deleted',
    byKind({ triplet: triplet.deleted, client: client.deleted }),
  );
  page.gauge(
    'greyd_cleaning_last_end_timestamp_seconds',
    'When the cleaner last finished a walk over all records, in Unix time; no value before that',
    byKind({ triplet: triplet.lastEnd, client: client.lastEnd }),
  );
}

function addWhitelists(page: MetricsPage, { sizes, isUpToDate, readAt }: Figures['whitelists']): void {
  page.gauge('greyd_whitelist_patterns', 'Whitelist patterns in use', [
    { labels: { list: 'clients' }, value: sizes.clients },
    { labels: { list: 'recipients' }, value: sizes.recipients },
    { labels: { list: 'senders' }, value: sizes.senders },
    { labels: { list: 'greylisted clients' }, value: sizes.greylistedClients },
    { labels: { list: 'recipient policies' }, value: sizes.policies },
  ]);
  page.gauge(
    'greyd_whitelist_reload_timestamp_seconds',
    'When the whitelists were last read, at start or on SIGHUP, in Unix time',
    [{ value: readAt }],
  );
  page.gauge('greyd_whitelist_reload_success', '1 if all lists could be read then, else 0', [
    { value: Number(isUpToDate) },
  ]);
}

function addProcess(page: MetricsPage, { version, node, usage }: Figures): void {
  page.gauge('greyd_build_info', 'Always 1; labels: version of greyd, version of Node.js', [
    { labels: { version, node }, value: 1 },
  ]);
  page.gauge('process_start_time_seconds', 'When greyd was started, in Unix time', [
    { value: usage.startedAt },
  ]);
  page.counter('process_cpu_seconds_total', 'Total user and system CPU time spent in seconds', [
    { value: usage.cpuSeconds },
  ]);
  page.gauge('process_resident_memory_bytes', 'Resident memory size in bytes', [
    { value: usage.residentBytes },
  ]);
}

/** Returns a sample for each known value. */
function byKind(values: Readonly<Record<Key['kind'], number | undefined>>): Sample[] {
  return Object.entries(values).flatMap(([kind, value]) =>
    value === undefined ? [] : [{ labels: { kind }, value }],
  );
}
