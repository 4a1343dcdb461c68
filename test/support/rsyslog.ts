/**
 * The real rsyslogd, with a configuration, a socket and a log file of its own.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, watch, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { temporaryDirectory } from './daemon.ts';
import { WakeUp } from './wake-up.ts';

/**
 * The configuration of a program that receives lines at a socket and writes `facility.severity ident[pid]: text`,
 * and beside it what it would write to mail.log, in its own form and in the traditional one.
 */
const CONFIGURATION = (folder: string) => `
  global(workDirectory="${folder}")
  module(load="imuxsock" SysSock.Use="off")
  input(type="imuxsock" Socket="${folder}/log" RateLimit.Interval="0")
  template(name="line" type="string"
           string="%syslogfacility-text%.%syslogseverity-text% %programname%[%procid%]:%msg%\\n")
  if $programname == "rsyslogd" then stop
  action(type="omfile" file="${folder}/mail.log" template="RSYSLOG_FileFormat")
  action(type="omfile" file="${folder}/traditional.log" template="RSYSLOG_TraditionalFileFormat")
  action(type="omfile" file="${folder}/lines" template="line")
`;

export class Rsyslog {
  /** The target of /dev/log. */
  readonly socket: string;
  readonly #folder: string;
  readonly #changed = new WakeUp();
  #process: ChildProcess | undefined;

  /** rsyslogd is not started yet. */
  constructor() {
    this.#folder = temporaryDirectory();
    this.socket = join(this.#folder, 'log');
    writeFileSync(join(this.#folder, 'conf'), CONFIGURATION(this.#folder));
    const watcher = watch(this.#folder, () => this.#changed.now());
    onTestFinished(async () => {
      watcher.close();
      await this.#end('SIGKILL');
    });
  }

  /** Starts it, and waits until it receives. */
  async start(): Promise<void> {
    const files = ['-f', join(this.#folder, 'conf'), '-i', join(this.#folder, 'pid')];
    this.#process = spawn('rsyslogd', ['-n', ...files], { stdio: 'inherit' });
    while (!existsSync(this.socket)) await this.changed();
  }

  /** Ends it; its socket is gone then. */
  async stop(): Promise<void> {
    await this.#end('SIGTERM');
    if (existsSync(this.socket)) throw new Error('rsyslogd has left its socket behind');
  }

  /** From now on it is there, and reads nothing. */
  pause(): void {
    this.#process?.kill('SIGSTOP');
  }

  resume(): void {
    this.#process?.kill('SIGCONT');
  }

  /** All lines that it has written. */
  get lines(): string[] {
    const path = join(this.#folder, 'lines');
    return existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(0, -1) : [];
  }

  /** The same lines as rsyslogd writes them to mail.log. */
  mailLog(form: 'own' | 'traditional'): string {
    return readFileSync(join(this.#folder, form === 'own' ? 'mail.log' : 'traditional.log'), 'utf8');
  }

  /** Settles when one of its files has changed. */
  changed(): Promise<void> {
    return this.#changed.wait();
  }

  /** Waits for a line that ends so. */
  async received(end: string): Promise<string> {
    for (;;) {
      const change = this.changed();
      const line = this.lines.find((line) => line.endsWith(end));
      if (line !== undefined) return line;
      await change;
    }
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const process = this.#process;
    if (process === undefined || process.exitCode !== null || process.signalCode !== null) return;
    const closed = once(process, 'close');
    process.kill(signal);
    await closed;
  }
}
