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
import { join } from 'node:path';
import { runCleaner } from './cleaner.ts';
import { UsageError } from './command-line.ts';
import type { GreylistRules } from './greylist/decision.ts';
import { postgreyKey } from './greylist/keys.ts';
import { isClientExpired, isTripletExpired } from './greylist/records.ts';
import { showAll, showNoAddresses } from './log/disclosure.ts';
import { createLogger, errorText, type Log, type LogSink, stderrSink } from './log/logger.ts';
import { RequestLog } from './log/request-log.ts';
import { syslogSink } from './log/syslog.ts';
import { DecisionCounters } from './metrics/counters.ts';
import { type Options, parseOptions } from './options.ts';
import { RequestHandler } from './request-handler.ts';
import { ListenError } from './server/listen.ts';
import { PolicyServer } from './server/policy-server.ts';
import { AccountError, giveUpRoot } from './service/account.ts';
import { isBackground, reportToStarter, startBackground } from './service/daemonize.ts';
import { inheritedSockets } from './service/inherited-sockets.ts';
import { keepPidfile } from './service/pidfile.ts';
import { type Digest, keyedDigest, loadSecret } from './store/private-keys.ts';
import { NewerSchemaError } from './store/sqlite-file.ts';
import { openSqliteStore } from './store/sqlite-store.ts';
import type { ExpiryRule, Store } from './store/store.ts';
import { Whitelists } from './whitelist/whitelists.ts';

/** After a signal to stop, how long clients have to take their answers, in milliseconds. */
const STOP_GRACE_MS = 4000;
/** After that signal the process ends, even if nobody reads its log. */
const STOP_LIMIT_MS = 4800;

const clock = (): number => Math.floor(Date.now() / 1000);

main().catch(async (error) => {
  const isPermanent =
    error instanceof UsageError ||
    error instanceof AccountError ||
    error instanceof NewerSchemaError ||
    (error instanceof ListenError && !error.canPass);
  await fail(errorText(error), isPermanent ? 2 : 1);
});

async function fail(message: string, status: number): Promise<void> {
  if (isBackground()) await reportToStarter({ error: message });
  else process.stderr.write(`greyd: ${message}\n`);
  process.exit(status);
}

async function main(): Promise<void> {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  const options = parseOptions(process.argv.slice(2), {
    version,
    hostname: hostname(),
    inherited: inheritedSockets(process.env, process.pid),
  });
  if (typeof options === 'string') {
    process.stdout.write(options);
    return;
  }
  if (options.daemonize && !isBackground()) {
    const { status, error } = await startBackground();
    if (error !== undefined) process.stderr.write(`greyd: ${error}\n`);
    process.exit(status);
  }
  await serve(options, version);
}

async function serve(options: Options, version: string): Promise<void> {
  const server = await PolicyServer.open(options.endpoints, options.listenQueueSize);
  let sink: LogSink | undefined;
  try {
    if (options.pidfile !== undefined) keepPidfile(options.pidfile);
    const warnings = [...options.warnings, ...giveUpRoot(options)];
    sink = options.daemonize ? await syslogSink(options.syslogFacility, process.pid) : stderrSink();
    const log = createLogger({ format: options.logFormat, level: options.logLevel }, sink);
    for (const warning of warnings) log.warn(warning);
    await answerRequests(options, version, { server, sink, log });
  } catch (error) {
    // Closing also removes the socket file of --unix.
    await server.stop();
    await sink?.close();
    throw error;
  }
}

interface Outside {
  readonly server: PolicyServer;
  readonly sink: LogSink;
  readonly log: Log;
}

async function answerRequests(
  options: Options,
  version: string,
  { server, sink, log }: Outside,
): Promise<void> {
  const whitelists = new Whitelists({
    clients: options.whitelistClients,
    recipients: options.whitelistRecipients,
  });
  reloadOnHangup(whitelists, log);
  reportWhitelists(whitelists, await whitelists.load(), log);
  const store = openStore(options);
  const counters = new DecisionCounters();
  const disclosure = options.privacy ? showNoAddresses : showAll;
  const rules: GreylistRules = { ...options, autoWhitelistAfter: options.autoWhitelistClients };
  const handler = new RequestHandler(
    { ...options, rules, version },
    { whitelists, store, log: new RequestLog(log, disclosure), counters, clock },
  );
  const cleaning = new AbortController();
  void runCleaner(store, expiryRule(rules), log, cleaning.signal);

  stopOnSignals(log, async (reason) => {
    cleaning.abort();
    const grace = setTimeout(() => server.destroy(), STOP_GRACE_MS);
    await server.stop();
    clearTimeout(grace);
    await store.close();
    log.notice(`${reason}: stopping after ${counters.summary()}`);
    await sink.close();
  });
  server.serve({
    answer: (request) => handler.answer(request),
    closeAfterAnswer: options.exim,
    warn: (text) => log.warn(text),
  });
  log.notice(`greyd ${version} listening on ${server.names.join(', ')}`);
  if (options.daemonize) await reportToStarter({ serving: true });
}

function openStore({ dbdir, privacy, lookupByHost }: Options): Store {
  let digest: Digest | undefined;
  if (privacy) {
    const secret = loadSecret(join(dbdir, 'greyd.secret'));
    digest = (key) => keyedDigest(secret, postgreyKey(key, lookupByHost));
  }
  return openSqliteStore(dbdir, digest);
}

function expiryRule(rules: GreylistRules): ExpiryRule {
  return {
    triplet: (record) => isTripletExpired(record, rules, clock()),
    client: (record) => isClientExpired(record, rules, clock()),
  };
}

function reloadOnHangup(whitelists: Whitelists, log: Log): void {
  // One after the other, so that the last one to end is the last that was asked for.
  let reloaded = Promise.resolve();
  process.on('SIGHUP', () => {
    log.notice('HUP received: reloading whitelists...');
    reloaded = reloaded.then(async () => reportWhitelists(whitelists, await whitelists.reload(), log));
  });
}

function reportWhitelists(whitelists: Whitelists, warnings: readonly string[], log: Log): void {
  for (const warning of warnings) log.warn(warning);
  log.debug(`whitelists: ${whitelists.summary()}`);
}

/** Ends the process after `stop`, once: at SIGTERM and SIGINT, and when nothing else is safe any more. */
function stopOnSignals(log: Log, stop: (reason: string) => Promise<void>): void {
  let isStopping = false;
  const end = async (reason: string, status: number) => {
    if (isStopping) return;
    isStopping = true;
    setTimeout(() => process.exit(status), STOP_LIMIT_MS);
    await stop(reason);
    process.exit(status);
  };
  process.on('SIGTERM', () => void end('SIGTERM received', 0));
  process.on('SIGINT', () => void end('SIGINT received', 0));
  process.on('uncaughtException', (error) => {
    log.error(`internal error, please report it: ${error.stack ?? error.message}`);
    void end('internal error', 1);
  });
}
