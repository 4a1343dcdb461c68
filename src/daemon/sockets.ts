/**
 * The first phase of the daemon, with root's rights if it has them: all that needs a name in the file system or a port.
 */
import { errorText } from '../errors/text.ts';
import type { MetricsEndpoint } from '../metrics/endpoint.ts';
import type { Options } from '../options/daemon.ts';
import { DUNNO } from '../policy/action.ts';
import type { TableSettings } from '../server/connection-table.ts';
import { PolicyServer } from '../server/policy-server.ts';
import { resolveAccount } from '../service/account.ts';
import type { Lifetime } from '../service/lifetime.ts';
import { connectionsWithin, openFilesLimit } from '../service/open-files.ts';
import { keepPidfile, refuseSecondGreyd } from '../service/pidfile.ts';
import { Privileges } from '../service/privileges.ts';
import { STOP_BUDGETS } from '../service/stop-budgets.ts';
import type { Clock } from '../time/clock.ts';

export interface Sockets {
  readonly server: PolicyServer;
  readonly serving: Omit<TableSettings, 'answer' | 'warn'>;
  readonly maxConnections: number;
  /** undefined without --metrics, and if it cannot listen there. */
  readonly metrics: MetricsEndpoint | undefined;
  /** Remarks for the log. */
  readonly warnings: readonly string[];
}

/**
 * Opens the sockets, the pid file and the directory of the database, and gives root's rights up.
 * @throws (rejects) if the command line asks for what cannot be, or greyd cannot listen
 */
export async function openSockets(
  options: Options,
  lifetime: Lifetime,
  uptime: Clock['uptime'],
): Promise<Sockets> {
  // Wrong options are reported before anything is opened.
  const { account, warnings: accountWarnings } = resolveAccount(options);
  if (options.pidfile !== undefined) refuseSecondGreyd(options.pidfile);
  const privileges = new Privileges(account);
  const connections = connectionsWithin(openFilesLimit(), options.maxConnections);
  const server = new PolicyServer(connections.max);
  const serving = {
    closeAfterAnswer: options.exim,
    requestBounds: options.requestBounds,
    timeoutMs: options.requestTimeout * 1000,
    uptime,
  };
  lifetime.onEnd(() => {
    if (server.isServing) return server.destroy();
    // A start that fails or is interrupted still answers the clients that have connected.
    server.serve({ ...serving, answer: async () => DUNNO, warn: () => {} });
    return endedInTime(server, server.abandon());
  });
  await server.open(options.endpoints, privileges, options.listenQueueSize);
  const { metrics, warnings: metricsWarnings } = await openMetrics(options, privileges, uptime);
  if (options.pidfile !== undefined) await keepPidfile(options.pidfile, privileges);
  // If it fails, opening the database reports why, and mail passes until it can be opened.
  await privileges.makeDirectory(options.dbdir).catch(() => {});
  privileges.giveUp();
  const warnings = [
    ...options.warnings,
    ...metricsWarnings,
    ...accountWarnings,
    ...(connections.warning === undefined ? [] : [connections.warning]),
    ...server.exposedNames.map(exposureWarning),
  ];
  return { server, serving, maxConnections: connections.max, metrics, warnings };
}

/** Waits until a server has ended; clients that do not read their answers do not delay that. */
export async function endedInTime(server: PolicyServer, ended: Promise<void>): Promise<void> {
  const limit = setTimeout(() => server.destroy(), STOP_BUDGETS.drain);
  await ended;
  clearTimeout(limit);
}

/** Opens --metrics. Mail does not wait for monitoring: if metrics cannot be served, greyd serves without them. */
async function openMetrics(
  { metricsEndpoints }: Options,
  privileges: Privileges,
  uptime: Clock['uptime'],
): Promise<Pick<Sockets, 'metrics' | 'warnings'>> {
  if (metricsEndpoints.length === 0) return { metrics: undefined, warnings: [] };
  // Loaded with the option alone.
  const { MetricsEndpoint } = await import('../metrics/endpoint.ts');
  const metrics = new MetricsEndpoint(uptime);
  try {
    await metrics.open(metricsEndpoints, privileges);
    return { metrics, warnings: [] };
  } catch (error) {
    metrics.destroy();
    return {
      metrics: undefined,
      warnings: [`--metrics: ${errorText(error)}; no metrics until greyd is restarted`],
    };
  }
}

function exposureWarning(name: string): string {
  return `listening on ${name}, not only on loopback: any host that can connect can fill the database; restrict it to your mail servers with a firewall, or use 127.0.0.1`;
}
