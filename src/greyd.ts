/**
 * The daemon: options, parts, sockets, signals. From here the way of a request is
 *
 *   server -> policy -> request-handler -> whitelist -> greylister -> log -> policy -> server
 *
 * Exit status: 0 after SIGTERM, SIGINT or SIGQUIT, 2 if a restart with the same command line cannot succeed
 * (systemd does not restart then), 1 for every other failure. greyd ends itself with SIGKILL if at the end
 * the disk under its database does not respond, or fails to lock it; it does not wait for the locks of other
 * processes.
 */
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { DecisionCounters } from './decisions/counters.ts';
import { DecisionSaver } from './decisions/saver.ts';
import { errorText } from './errors/text.ts';
import { showAll, showNoAddresses } from './log/disclosure.ts';
import { createLogger, type Log } from './log/logger.ts';
import { withoutPassword } from './log/password.ts';
import { printable } from './log/printable.ts';
import { RequestLog } from './log/request-log.ts';
import { stderrSink } from './log/stderr.ts';
import { syslogSink } from './log/syslog.ts';
import type { MetricsEndpoint, MetricsSources } from './metrics/endpoint.ts';
import { UsageError } from './options/command-line.ts';
import { type Options, parseOptions } from './options/daemon.ts';
import { PASSWORD_VARIABLE } from './options/shared.ts';
import { DUNNO } from './policy/action.ts';
import { RequestHandler } from './request-handler.ts';
import type { AnswerRequest } from './server/connection.ts';
import { ListenError } from './server/listen-error.ts';
import { PolicyServer } from './server/policy-server.ts';
import { AccountError, resolveAccount } from './service/account.ts';
import { isBackground, onStarterGone, reportToStarter, startBackground } from './service/daemonize.ts';
import { inheritedSockets } from './service/inherited-sockets.ts';
import { Lifetime } from './service/lifetime.ts';
import { ServiceNotifier } from './service/notify.ts';
import { oneMoreTime } from './service/one-more-time.ts';
import { connectionsWithin, openFilesLimit } from './service/open-files.ts';
import { keepPidfile, refuseSecondGreyd, removePidfile } from './service/pidfile.ts';
import { Privileges } from './service/privileges.ts';
import { nameProcess } from './service/process-name.ts';
import { systemClock } from './service/system-clock.ts';
import { CircuitBreaker } from './store-thread/circuit-breaker.ts';
import { CLEANING_PACE } from './store-thread/cleaner.ts';
import { GreylisterThread } from './store-thread/thread.ts';
import { useZone } from './time/local-time.ts';
import { zoneOf } from './time/zone.ts';
import { Whitelists } from './whitelist/whitelists.ts';

/**
 * At the start, how long mail waits for the store to open, in milliseconds: longer than for an answer, since
 * that takes
 * time on a busy machine. Clients that have connected already wait as long, and a Postfix with `timeout=10s`
 * must not give up.
 */
const OPEN_LIMIT_MS = 8000;

/** At the end, how long a connection stays open for its next request, in milliseconds. */
const DRAIN_GRACE_MS = 500;
/** At the end, how long a request waits for the database, whatever --store-timeout says, in milliseconds. */
const GIVE_UP_AFTER_MS = 2000;
/** Limit of the whole drain, in milliseconds. */
const DRAIN_LIMIT_MS = 2700;
/** How long the database may take to save the last counts, in milliseconds. */
const LAST_COUNTS_LIMIT_MS = 400;
/** How long the database may take to close, in milliseconds. */
const CLOSE_LIMIT_MS = 1000;
/** How long the service manager may take to read the last message, in milliseconds. */
const TELL_LIMIT_MS = 500;
/** How long the log reader may take to read the last lines, in milliseconds. */
const LAST_LINES_LIMIT_MS = 500;

/**
 * The share of --store-timeout for which another process may lock the database: then the error names the lock.
 */
const BUSY_SHARE = 0.8;

/** How often to check whether a flood of log lines is over, in milliseconds. */
const LOOK_MS = 10_000;

const { now, uptime } = systemClock;

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

useZone(zoneOf(process.env.TZ));
nameProcess(process.argv.slice(2).map(withoutPassword));
try {
  const options = parseOptions(process.argv.slice(2), {
    version,
    hostname: hostname(),
    inherited: inheritedSockets(process.env, process.pid),
    storePassword: process.env[PASSWORD_VARIABLE],
  });
  if (typeof options === 'string') print(options);
  else if (options.daemonize && !isBackground()) await start(options);
  else await live(options);
} catch (error) {
  tell(errorText(error));
  process.exit(exitStatus(error));
}

/** Prints a text to standard output; a closed pipe, as behind head(1), is no error. */
function print(text: string): void {
  process.stdout.on('error', ({ code }: NodeJS.ErrnoException) => process.exit(code === 'EPIPE' ? 0 : 1));
  process.stdout.write(text);
}

function tell(error: string): void {
  process.stderr.write(`greyd: ${printable(error)}\n`);
}

/** Returns 2 if a restart with the same command line would fail again. */
function exitStatus(error: unknown): 1 | 2 {
  const isOfTheCommandLine = error instanceof UsageError || error instanceof AccountError;
  const cannotPass = error instanceof ListenError && !error.canPass;
  return isOfTheCommandLine || cannotPass ? 2 : 1;
}

/**
 * Runs the first process of --daemonize, which also cleans up what the second one no longer has the rights to
 * remove.
 */
async function start({ pidfile }: Options): Promise<void> {
  await startBackground(tell, (pid) => {
    if (pidfile !== undefined) removePidfile(pidfile, pid);
  });
}

/** Runs the daemon itself, from start to end. */
async function live(options: Options): Promise<void> {
  const lifetime = new Lifetime();
  try {
    if (isBackground()) onStarterGone(() => void lifetime.end('the process that started greyd has ended', 1));
    await serve(options, lifetime);
  } catch (error) {
    const message = errorText(error);
    const report = () => (isBackground() ? reportToStarter({ error: message }) : tell(message));
    await lifetime.end(message, exitStatus(error), report);
  }
}

/** Opens everything in order, and answers requests from then on. */
async function serve(options: Options, lifetime: Lifetime): Promise<void> {
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
    return withinLimit(server, server.abandon());
  });
  await server.open(options.endpoints, privileges, options.listenQueueSize);
  const warnings = [...options.warnings];
  const metrics = await openMetrics(options, privileges, warnings);
  if (options.pidfile !== undefined) await keepPidfile(options.pidfile, privileges);
  // If it fails, opening the database reports why, and mail passes until it can be opened.
  await privileges.makeDirectory(options.dbdir).catch(() => {});
  privileges.giveUp();
  warnings.push(...accountWarnings);
  if (connections.warning !== undefined) warnings.push(connections.warning);
  warnings.push(...server.exposedNames.map(exposureWarning));

  const log = await openLog(options, lifetime);
  for (const warning of warnings) log.warn(warning);
  const manager = new ServiceNotifier(process.env, process.pid, (text) => log.warn(text));
  // A message that waits behind another one must not be lost with the process.
  lifetime.onEnd(() => Promise.race([manager.told, pause(TELL_LIMIT_MS)]));
  const { whitelists, readAt } = await openWhitelists(options, log, lifetime);
  const counters = new DecisionCounters();
  const requestLog = new RequestLog(log, options.privacy ? showNoAddresses : showAll, uptime);
  setInterval(() => requestLog.look(), LOOK_MS).unref();
  const thread = startGreylister(options, log, lifetime, () => counters.summary());
  const breaker = new CircuitBreaker(
    thread,
    { timeoutMs: options.storeTimeout * 1000, maxWaiting: options.maxQueuedRequests },
    requestLog,
    uptime,
  );
  // A store that fails is reported now, not with the first mail; greyd serves all the same.
  await breaker.open(OPEN_LIMIT_MS).catch(() => {});

  const saver = new DecisionSaver({
    take: (hour) => counters.takeUnsaved(hour),
    save: (counts, forgetBefore) => thread.addDecisions(counts, forgetBefore),
    storeWorks: () => breaker.works,
    warn: (text) => log.warn(text),
    now,
    maxAge: options.maxAge,
  });
  lifetime.onEnd(() => Promise.race([saver.finish(), pause(LAST_COUNTS_LIMIT_MS)]));

  const greylisting = metrics?.measures.watched(breaker) ?? breaker;
  const handler = new RequestHandler(
    { ...options, version },
    { whitelists, greylisting, log: requestLog, counters, now },
  );
  lifetime.onEnd(() => {
    const late = setTimeout(() => breaker.giveUp(), GIVE_UP_AFTER_MS);
    return withinLimit(server, server.stop(DRAIN_GRACE_MS)).finally(() => clearTimeout(late));
  });
  const answer: AnswerRequest = (request) => handler.answer(request);
  const warn = (text: string) => log.warn(text);
  server.serve({ ...serving, answer: metrics?.measures.timed(answer) ?? answer, warn });
  metrics?.serve({
    greylisting: breaker,
    records: () => thread.figures(),
    figures: () => ({
      version,
      node: process.version,
      decisions: counters.totals,
      store: breaker,
      connections: { ...server.connections, limit: connections.max },
      whitelists: { sizes: whitelists.sizes, isUpToDate: whitelists.isUpToDate, readAt: readAt() },
      usage: processUsage(),
    }),
    warn,
  });
  const names = [server.names.join(', '), ...(metrics?.names ?? []).map((name) => `metrics on ${name}`)];
  log.notice(`greyd ${version} listening on ${names.join(', ')}`);
  // The metrics close first: monitoring sees greyd go before mail servers do.
  lifetime.onEnd(() => metrics?.destroy());
  lifetime.onEnd(() => manager.stopping());
  manager.ready();
  if (options.daemonize) await reportToStarter({ serving: true });
}

function exposureWarning(name: string): string {
  return `listening on ${name}, not only on loopback: any host that can connect can fill the database; restrict it to your mail servers with a firewall, or use 127.0.0.1`;
}

async function openLog(
  { daemonize, syslogFacility: facility, syslogIdent: ident, logFormat, logLevel }: Options,
  lifetime: Lifetime,
): Promise<Log> {
  const sink = daemonize ? await syslogSink({ ident, facility, pid: process.pid }) : stderrSink();
  const log = createLogger({ format: logFormat, level: logLevel }, sink);
  lifetime.onInternalError((error) =>
    log.error(`internal error, please report it: ${error.stack ?? error.message}`),
  );
  lifetime.onStraySignal((signal) => log.notice(`ignoring ${signal}: it has no meaning to greyd`));
  lifetime.onEnd(() => Promise.race([sink.close(), pause(LAST_LINES_LIMIT_MS)]));
  return log;
}

/**
 * Opens --metrics. Mail does not wait for monitoring: if metrics cannot be served, greyd serves without them.
 * @returns undefined if it cannot listen there, or without --metrics: then nothing of it is loaded
 */
async function openMetrics(
  { metricsEndpoints }: Options,
  privileges: Privileges,
  warnings: string[],
): Promise<MetricsEndpoint | undefined> {
  if (metricsEndpoints.length === 0) return undefined;
  const { MetricsEndpoint } = await import('./metrics/endpoint.ts');
  const metrics = new MetricsEndpoint(uptime);
  try {
    await metrics.open(metricsEndpoints, privileges);
    return metrics;
  } catch (error) {
    metrics.destroy();
    warnings.push(`--metrics: ${errorText(error)}; no metrics until greyd is restarted`);
    return undefined;
  }
}

function processUsage(): ReturnType<MetricsSources['figures']>['usage'] {
  const { user, system } = process.cpuUsage();
  return {
    startedAt: performance.timeOrigin / 1000,
    cpuSeconds: (user + system) / 1e6,
    residentBytes: process.memoryUsage.rss(),
  };
}

/** @returns the lists, and when they were last read, in Unix seconds */
async function openWhitelists(
  { whitelistClients, whitelistRecipients }: Options,
  log: Log,
  lifetime: Lifetime,
): Promise<{ whitelists: Whitelists; readAt: () => number }> {
  let readAt = 0;
  const whitelists = new Whitelists({ clients: whitelistClients, recipients: whitelistRecipients });
  const report = (warnings: readonly string[]) => {
    readAt = now();
    for (const warning of warnings) log.warn(warning);
    log.debug(`whitelists: ${whitelists.summary()}`);
  };
  report(await whitelists.load());

  const reload = async () => {
    log.notice('HUP received: reloading whitelists...');
    report(await whitelists.reload());
  };
  lifetime.onHangup(oneMoreTime(reload));
  return { whitelists, readAt: () => readAt };
}

function startGreylister(
  options: Options,
  log: Log,
  lifetime: Lifetime,
  summary: () => string,
): GreylisterThread {
  const { dbdir, privacy, lookupByHost, networkLengths, storeTimeout, sharedStore } = options;
  const { delay, retryWindow, maxAge, autoWhitelistClients, maxTriplets, maxNewPerClient } = options;
  const rules = {
    delay,
    retryWindow,
    maxAge,
    autoWhitelistAfter: autoWhitelistClients,
    maxTriplets,
    maxNewPerClient,
  };
  const busyTimeoutMs = storeTimeout * 1000 * BUSY_SHARE;
  const thread = new GreylisterThread(
    {
      dbdir,
      sharedStore,
      privacy,
      lookupByHost,
      networkLengths,
      rules,
      busyTimeoutMs,
      pace: CLEANING_PACE,
    },
    log,
    uptime,
  );
  lifetime.onEnd(async (reason) => {
    log.notice(`${reason}: stopping after ${summary()}`);
    const isClosed = await Promise.race([thread.close().then(() => true), pause(CLOSE_LIMIT_MS, false)]);
    if (isClosed) return;
    log.warn('database not responding; exiting without closing it (everything answered is on disk)');
    // process.exit() would wait for the thread, which waits for the disk.
    process.once('exit', () => process.kill(process.pid, 'SIGKILL'));
  });
  return thread;
}

/** Waits until a server has ended; clients that do not read their answers do not delay that. */
async function withinLimit(server: PolicyServer, ended: Promise<void>): Promise<void> {
  const limit = setTimeout(() => server.destroy(), DRAIN_LIMIT_MS);
  await ended;
  clearTimeout(limit);
}
