/**
 * The daemon: options, parts, sockets, signals. From here the way of a request is
 *
 *   server -> policy -> request-handler -> whitelist -> greylist -> store -> log -> policy -> server
 *
 * Exit status: 0 after SIGTERM or SIGINT, 2 if a restart with the same command line cannot succeed
 * (systemd then leaves it alone), 1 for every other failure.
 */
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { runCleaner } from './cleaner.ts';
import { UsageError } from './command-line.ts';
import type { GreylistRules } from './greylist/decision.ts';
import { hashOf } from './greylist/keys.ts';
import { isClientExpired, isTripletExpired } from './greylist/records.ts';
import { showAll, showNoAddresses } from './log/disclosure.ts';
import { createLogger, errorText, type Log } from './log/logger.ts';
import { RequestLog } from './log/request-log.ts';
import { stderrSink } from './log/stderr.ts';
import { syslogSink } from './log/syslog.ts';
import { DecisionCounters } from './metrics/counters.ts';
import { type Options, parseOptions } from './options.ts';
import { RequestHandler } from './request-handler.ts';
import { ListenError } from './server/listen-error.ts';
import { PolicyServer } from './server/policy-server.ts';
import { AccountError, giveUpRoot } from './service/account.ts';
import { isBackground, onStarterGone, reportToStarter, startBackground } from './service/daemonize.ts';
import { inheritedSockets } from './service/inherited-sockets.ts';
import { Lifetime } from './service/lifetime.ts';
import { keepPidfile, refuseSecondGreyd, removePidfile } from './service/pidfile.ts';
import { nameProcess } from './service/process-name.ts';
import { NewerSchemaError } from './store/sqlite-file.ts';
import { openSqliteStore } from './store/sqlite-store.ts';
import type { ExpiryRule, Store } from './store/store.ts';
import { Whitelists } from './whitelist/whitelists.ts';

/** At the end, how long clients have to take their answers, in milliseconds, ... */
const DRAIN_LIMIT_MS = 2000;
/** ... and how long whoever reads the log has to take its last lines. */
const LAST_LINES_LIMIT_MS = 500;

const clock = (): number => Math.floor(Date.now() / 1000);

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

nameProcess(process.argv.slice(2));
try {
  const options = parseOptions(process.argv.slice(2), {
    version,
    hostname: hostname(),
    inherited: inheritedSockets(process.env, process.pid),
  });
  if (typeof options === 'string') print(options);
  else if (options.daemonize && !isBackground()) await start(options);
  else await live(options);
} catch (error) {
  tell(errorText(error));
  process.exit(exitStatus(error));
}

/** Prints a text that was asked for; whoever reads only its head is not told of an error. */
function print(text: string): void {
  process.stdout.on('error', ({ code }: NodeJS.ErrnoException) => process.exit(code === 'EPIPE' ? 0 : 1));
  process.stdout.write(text);
}

function tell(error: string): void {
  process.stderr.write(`greyd: ${error}\n`);
}

/** 2 if a restart with the same command line would fail again. */
function exitStatus(error: unknown): 1 | 2 {
  const isOfTheCommandLine = error instanceof UsageError || error instanceof AccountError;
  const cannotPass = error instanceof NewerSchemaError || (error instanceof ListenError && !error.canPass);
  return isOfTheCommandLine || cannotPass ? 2 : 1;
}

/** The first process of --daemonize; what the second one could not clear away is still in its power. */
async function start({ pidfile }: Options): Promise<void> {
  await startBackground(tell, (pid) => {
    if (pidfile !== undefined) removePidfile(pidfile, pid);
  });
}

/** The daemon itself, from its start to its end. */
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

/** Opens everything in its order, and answers requests from then on. */
async function serve(options: Options, lifetime: Lifetime): Promise<void> {
  if (options.pidfile !== undefined) refuseSecondGreyd(options.pidfile);
  const server = await PolicyServer.open(options.endpoints, options.listenQueueSize);
  lifetime.onEnd(() => server.destroy());
  if (options.pidfile !== undefined) keepPidfile(options.pidfile);
  const warnings = [...options.warnings, ...giveUpRoot(options)];

  const log = await openLog(options, lifetime);
  for (const warning of warnings) log.warn(warning);
  const whitelists = await openWhitelists(options, log, lifetime);
  const { dbdir, privacy, lookupByHost } = options;
  const store = openSqliteStore(dbdir, { privacy, hash: (key) => hashOf(key, lookupByHost) });
  const counters = new DecisionCounters();
  lifetime.onEnd((reason) => {
    log.notice(`${reason}: stopping after ${counters.summary()}`);
    return store.close();
  });

  const rules: GreylistRules = { ...options, autoWhitelistAfter: options.autoWhitelistClients };
  startCleaner(store, rules, log, lifetime);
  const requestLog = new RequestLog(log, options.privacy ? showNoAddresses : showAll);
  const handler = new RequestHandler(
    { ...options, rules, version },
    { whitelists, store, log: requestLog, counters, clock },
  );
  server.serve({
    answer: (request) => handler.answer(request),
    closeAfterAnswer: options.exim,
    warn: (text) => log.warn(text),
  });
  lifetime.onEnd(() => drain(server));
  log.notice(`greyd ${version} listening on ${server.names.join(', ')}`);
  if (options.daemonize) await reportToStarter({ serving: true });
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
  lifetime.onEnd(() => Promise.race([sink.close(), pause(LAST_LINES_LIMIT_MS)]));
  return log;
}

async function openWhitelists(
  { whitelistClients, whitelistRecipients }: Options,
  log: Log,
  lifetime: Lifetime,
): Promise<Whitelists> {
  const whitelists = new Whitelists({ clients: whitelistClients, recipients: whitelistRecipients });
  const report = (warnings: readonly string[]) => {
    for (const warning of warnings) log.warn(warning);
    log.debug(`whitelists: ${whitelists.summary()}`);
  };
  report(await whitelists.load());

  // However many signals come while a reload is under way, one more reload sees what all of them were for.
  let isReloading = false;
  let isWanted = false;
  lifetime.onHangup(async () => {
    isWanted = true;
    if (isReloading) return;
    isReloading = true;
    while (isWanted) {
      isWanted = false;
      log.notice('HUP received: reloading whitelists...');
      report(await whitelists.reload());
    }
    isReloading = false;
  });
  return whitelists;
}

function startCleaner(store: Store, rules: GreylistRules, log: Log, lifetime: Lifetime): void {
  const end = new AbortController();
  lifetime.onEnd(() => end.abort());
  const expired: ExpiryRule = {
    triplet: (record) => isTripletExpired(record, rules, clock()),
    client: (record) => isClientExpired(record, rules, clock()),
  };
  void runCleaner(store, expired, log, end.signal);
}

/** Answers what has arrived, then closes; clients that do not take their answers do not hold it up. */
async function drain(server: PolicyServer): Promise<void> {
  const limit = setTimeout(() => server.destroy(), DRAIN_LIMIT_MS);
  await server.stop();
  clearTimeout(limit);
}
