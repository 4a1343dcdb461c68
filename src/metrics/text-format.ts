/**
 * Metrics as text for Prometheus, by prom-client, from figures that are kept elsewhere: a page is made
 * for each reader, and thrown away.
 */
import { Counter, Gauge, type Metric, Registry } from 'prom-client';
import type { DurationCounts } from './duration-counts.ts';

export interface Sample {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
}

export class MetricsPage {
  readonly #registry = new Registry();

  /** Adds a counter, which starts at 0 with greyd and only grows. */
  counter(name: string, help: string, samples: readonly Sample[]): void {
    const metric = new Counter({ name, help, labelNames: labelNames(samples), registers: [this.#registry] });
    for (const { labels = {}, value } of samples) metric.inc(labels, value);
  }

  gauge(name: string, help: string, samples: readonly Sample[]): void {
    const metric = new Gauge({ name, help, labelNames: labelNames(samples), registers: [this.#registry] });
    for (const { labels = {}, value } of samples) metric.set(labels, value);
  }

  histogram(name: string, help: string, { bounds, cumulative, sum }: DurationCounts): void {
    const buckets = cumulative.map((value, index) => ({
      metricName: `${name}_bucket`,
      labels: { le: bounds[index] ?? '+Inf' },
      value,
    }));
    const values = [
      ...buckets,
      { metricName: `${name}_sum`, labels: {}, value: sum },
      { metricName: `${name}_count`, labels: {}, value: cumulative.at(-1) ?? 0 },
    ];
    // The library's own histogram counts by itself, which is slower than all of greyd's counting. A registry
    // uses no more of a metric than this, whatever its type says.
    const metric = { name, get: async () => ({ name, help, type: 'histogram', values }) };
    this.#registry.registerMetric(metric as unknown as Metric);
  }

  async text(): Promise<string> {
    return this.#registry.metrics();
  }

  /** The Content-Type of the text. */
  get type(): string {
    return this.#registry.contentType;
  }
}

/** The library shows a 0 for a metric without labels even if it has no sample; this label prevents that. */
const NO_SAMPLE: Sample = { labels: { none: '' }, value: 0 };

function labelNames([first = NO_SAMPLE]: readonly Sample[]): string[] {
  return Object.keys(first.labels ?? {});
}
