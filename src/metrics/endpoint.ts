/**
 * The part of the daemon behind --metrics: a small HTTP server with /metrics and /healthz, and the measures of
 * each request for it. It is loaded with the option only.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { errorText } from '../errors/text.ts';
import { type HttpAnswer, HttpServer, PLAIN_TEXT } from '../http/server.ts';
import { withoutPassword } from '../log/password.ts';
import { printable } from '../log/printable.ts';
import type { Endpoint } from '../server/endpoint.ts';
import type { SocketRights } from '../server/listen.ts';
import type { Greylisting } from '../store-thread/greylister.ts';
import type { StoreFigures } from '../store-thread/messages.ts';
import type { Clock } from '../time/clock.ts';
import { type Figures, metricsPage } from './exposition.ts';
import { Measures } from './measures.ts';
import { singleFlight } from './single-flight.ts';

/** How long a page waits for the figures of the store thread, in milliseconds. */
const RECORDS_LIMIT_MS = 1000;

/** Pause from one page to the next, in milliseconds: frequent scrapes must not take time from mail. */
const REST_MS = 50;

/** The sources of the figures. */
export interface MetricsSources {
  readonly greylisting: Pick<Greylisting, 'check'>;
  readonly records: () => Promise<StoreFigures>;
  /** All other figures. */
  readonly figures: () => Omit<Figures, 'measures' | 'records'>;
  readonly warn: (text: string) => void;
}

export class MetricsEndpoint {
  readonly measures: Measures;
  readonly #server = new HttpServer(['/metrics', '/healthz']);

  /** @param uptime milliseconds, on the monotonic clock */
  constructor(uptime: Clock['uptime']) {
    this.measures = new Measures(uptime);
  }

  /** @throws {ListenError} (rejects) */
  async open(endpoints: readonly Endpoint[], rights: SocketRights): Promise<void> {
    await this.#server.open(endpoints, rights);
  }

  /** The addresses it listens on. */
  get names(): readonly string[] {
    return this.#server.names;
  }

  serve({ greylisting, records, figures, warn }: MetricsSources): void {
    const known = singleFlight(records);
    const metrics = async (): Promise<HttpAnswer> => {
      // A reader wants the state of now, not of the last probe.
      if (!figures().store.works) await greylisting.check().catch(() => {});
      const inTime = await Promise.race([
        known().catch(() => undefined),
        pause(RECORDS_LIMIT_MS, undefined, { ref: false }),
      ]);
      const page = metricsPage({ ...figures(), measures: this.measures, records: inTime });
      return { status: 200, type: page.type, text: await page.text() };
    };
    this.#server.serve(
      {
        '/metrics': singleFlight(metrics, REST_MS),
        '/healthz': singleFlight(() => health(greylisting), REST_MS),
      },
      warn,
    );
  }

  /** Closes everything at once. */
  destroy(): void {
    this.#server.destroy();
  }
}

/** Reports whether the store accepts writes; if not, why, on one line. */
async function health(greylisting: MetricsSources['greylisting']): Promise<HttpAnswer> {
  try {
    await greylisting.check();
    return { status: 200, type: PLAIN_TEXT, text: 'ok\n' };
  } catch (error) {
    return { status: 503, type: PLAIN_TEXT, text: `${printable(withoutPassword(errorText(error)))}\n` };
  }
}
