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
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type GreylistingParts, type OpenGreylisting, openGreylisting } from './daemon/greylisting.ts';
import { endedInTime, openSockets, type Sockets } from './daemon/sockets.ts';
import { DecisionCounters } from './decisions/counters.ts';
import { errorText } from './errors/text.ts';
import { nameWordFiles } from './files/name-word-files.ts';
import { showAll, showNoAddresses } from './log/disclosure.ts';
import { createLogger, type Log } from './log/logger.ts';
import { withoutPassword } from './log/password.ts';
import { printable } from './log/printable.ts';
import { RequestLog } from './log/request-log.ts';
import { stderrSink } from './log/stderr.ts';
import { syslogSink } from './log/syslog.ts';
import { UsageError } from './options/command-line.ts';
import { type Options, parseOptions } from './options/daemon.ts';
import { listFilesOf, PASSWORD_VARIABLE } from './options/shared.ts';
import { RequestHandler } from './request-handler.ts';
import type { AnswerRequest } from './server/connection.ts';
import { ListenError } from './server/listen-error.ts';
import { AccountError } from './service/account.ts';
import { isBackground, onStarterGone, reportToStarter, startBackground } from './service/daemonize.ts';
import { inheritedSockets } from './service/inherited-sockets.ts';
import { Lifetime } from './service/lifetime.ts';
import { ServiceNotifier } from './service/notify.ts';
import { oneMoreTime } from './service/one-more-time.ts';
import { removePidfile } from './service/pidfile.ts';
import { nameProcess } from './service/process-name.ts';
import { DRAIN_GRACE_MS, GIVE_UP_AFTER_MS, STOP_BUDGETS } from './service/stop-budgets.ts';
import { systemClock } from './service/system-clock.ts';
import { processUsage } from './service/usage.ts';
import type { UnixSeconds } from './time/clock.ts';
import { useZone } from './time/local-time.ts';
import { zoneOf } from './time/zone.ts';
import { Whitelists } from './whitelist/whitelists.ts';

/** How often to check whether a flood of log lines is over, in milliseconds. */
const FLOOD_LOOK_MS = 10_000;

const PROGRAM_FOLDER = fileURLToPath(new URL('..', import.meta.url));

const { version } = JSON.parse(readFileSync(join(PROGRAM_FOLDER, 'package.json'), 'utf8')) as {
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
  if (typeof options === 'string') printText(options);
  else if (options.daemonize && !isBackground()) await start(options);
  else await live(options);
} catch (error) {
  tell(errorText(error));
  process.exit(exitStatus(error));
}

/** Prints a text to standard output; a closed pipe, as behind head(1), is no error. */
function printText(text: string): void {
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

/** Opens everything in order, and answers requests from then on. What is opened last closes first. */
async function serve(options: Options, lifetime: Lifetime): Promise<void> {
  const sockets = await openSockets(options, lifetime, systemClock.uptime);
  const log = await openLog(options, lifetime);
  for (const warning of sockets.warnings) log.warn(warning);
  const manager = openNotifier(log, lifetime);
  const lists = await openWhitelists(options, log, lifetime);
  const counters = new DecisionCounters();
  const requestLog = new RequestLog(log, options.privacy ? showNoAddresses : showAll, systemClock.uptime);
  setInterval(() => requestLog.look(), FLOOD_LOOK_MS).unref();
  const parts = { log, requestLog, counters, clock: systemClock };
  const greylisting = await openGreylisting(options, lifetime, parts);
  answerRequests(options, lifetime, { sockets, lists, greylisting, ...parts });
  await announce(options, lifetime, { sockets, log, manager });
}

interface Parts extends GreylistingParts {
  readonly sockets: Sockets;
  readonly lists: ReadWhitelists;
  readonly greylisting: OpenGreylisting;
}

function answerRequests(options: Options, lifetime: Lifetime, parts: Parts): void {
  const { sockets, lists, greylisting, log, requestLog, counters } = parts;
  const { server, serving, metrics } = sockets;
  const { breaker, thread } = greylisting;
  const handler = new RequestHandler(
    { ...options, version },
    {
      whitelists: lists.whitelists,
      greylisting: metrics?.measures.watched(breaker) ?? breaker,
      log: requestLog,
      counters,
      now: systemClock.now,
    },
  );
  lifetime.onEnd(() => {
    const late = setTimeout(() => breaker.giveUp(), GIVE_UP_AFTER_MS);
    return endedInTime(server, server.stop(DRAIN_GRACE_MS)).finally(() => clearTimeout(late));
  });
  const answer: AnswerRequest = (request, isOutgoing) => handler.answer(request, isOutgoing);
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
      connections: { ...server.connections, limit: sockets.maxConnections },
      whitelists: {
        sizes: lists.whitelists.sizes,
        isUpToDate: lists.whitelists.isUpToDate,
        readAt: lists.readAt(),
      },
      usage: processUsage(),
    }),
    warn,
  });
}

/** Says that greyd serves: in the log, to the service manager, and to the process that started it. */
async function announce(
  { daemonize }: Options,
  lifetime: Lifetime,
  { sockets, log, manager }: { sockets: Sockets; log: Log; manager: ServiceNotifier },
): Promise<void> {
  const { server, metrics } = sockets;
  const names = [server.names.join(', '), ...(metrics?.names ?? []).map((name) => `metrics on ${name}`)];
  log.notice(`greyd ${version} listening on ${names.join(', ')}`);
  // The metrics close first: monitoring sees greyd go before mail servers do.
  lifetime.onEnd(() => metrics?.destroy());
  lifetime.onEnd(() => manager.stopping());
  manager.ready();
  if (daemonize) await reportToStarter({ serving: true });
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
  lifetime.onEnd(() => Promise.race([sink.close(), pause(STOP_BUDGETS.lastLines)]));
  return log;
}

function openNotifier(log: Log, lifetime: Lifetime): ServiceNotifier {
  const manager = new ServiceNotifier(process.env, process.pid, (text) => log.warn(text));
  // A message that waits behind another one must not be lost with the process.
  lifetime.onEnd(() => Promise.race([manager.told, pause(STOP_BUDGETS.notify)]));
  return manager;
}

interface ReadWhitelists {
  readonly whitelists: Whitelists;
  /** When they were last read. */
  readonly readAt: () => UnixSeconds;
}

async function openWhitelists(options: Options, log: Log, lifetime: Lifetime): Promise<ReadWhitelists> {
  let readAt = 0;
  const whitelists = new Whitelists(listFilesOf(options, nameWordFiles(PROGRAM_FOLDER)));
  const report = (warnings: readonly string[]) => {
    readAt = systemClock.now();
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
