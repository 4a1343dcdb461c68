/**
 * A host that receives TRAFFIC: a daemon in the background, the real rsyslogd, and a stand-in for
 * Postfix's SMTP server, which asks the daemon and writes the lines that postgreyreport reads.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { ended, kill } from '../support/background.ts';
import { GREYD_COMMAND, temporaryDirectory } from '../support/daemon.ts';
import { inOwnMounts, OWN_MOUNTS_NEED } from '../support/own-mounts.ts';
import { PolicyClient } from '../support/policy-client.ts';
import type { Needs } from '../support/requirements.ts';
import { Rsyslog } from '../support/rsyslog.ts';
import { DAEMON_OPTIONS, TRAFFIC, type Visit, WHITELISTS } from './traffic.ts';

const COMMANDS = {
  greyd: [...GREYD_COMMAND, '--allow-test-time', '--user=0'],
  postgrey: ['/usr/sbin/postgrey', '--user=root', '--group=root'],
};

/** The requirements of such a host. */
export const TRAFFIC_NEEDS = {
  ...OWN_MOUNTS_NEED,
  programs: ['postgrey', 'rsyslogd', 'logger', 'tail'],
} satisfies Needs;

/** When the traffic began, a few hours ago: greyd deletes what has expired by the clock of the machine. */
export const BEGIN = Math.floor(Date.now() / 1000) - 20_000;

export type DaemonName = keyof typeof COMMANDS;

/** The files of a host after the traffic. */
export interface Remains {
  /** The folder of the daemon's database. */
  readonly dbdir: string;
  readonly rsyslog: Rsyslog;
}

/** Lets a daemon serve the whole traffic, with the clock of the requests, and ends it. */
export async function serveTraffic(name: DaemonName): Promise<Remains> {
  const folder = temporaryDirectory();
  chmodSync(folder, 0o755);
  const [socket, pidfile, dbdir] = ['socket', 'pid', 'db'].map((file) => join(folder, file)) as [
    string,
    string,
    string,
  ];
  mkdirSync(dbdir);
  const lists = Object.entries(WHITELISTS).map(([kind, patterns]) => {
    writeFileSync(join(folder, kind), patterns);
    return `--whitelist-${kind}=${join(folder, kind)}`;
  });
  const rsyslog = new Rsyslog();
  await rsyslog.start();
  const [command = '', ...words] = [
    ...inOwnMounts({ devLog: rsyslog.socket }),
    ...COMMANDS[name],
    '-d',
    `--unix=${socket}`,
    `--pidfile=${pidfile}`,
    `--dbdir=${dbdir}`,
    ...lists,
    ...DAEMON_OPTIONS,
  ];
  const { status } = spawnSync(command, words, { stdio: 'inherit' });
  if (status !== 0) throw new Error(`${name} did not start`);
  const client = await connected(socket);
  const pid = Number(readFileSync(pidfile, 'utf8'));
  onTestFinished(() => kill(pid, 'SIGKILL'));
  for (const [index, visit] of TRAFFIC.entries()) {
    const answer = await client.ask({ ...visit.request, policy_test_time: BEGIN + visit.at });
    if (!answer.startsWith('DEFER_IF_PERMIT ')) continue;
    // Each of the two sends its lines on its own; here they are to stand in one order.
    await logged(rsyslog, index + 1);
    log(rsyslog, 'postfix/smtpd', rejection(visit, answer));
  }
  process.kill(pid, 'SIGTERM');
  // After the signal: a postgrey that was just going to wait for requests sees it when something comes.
  client.close();
  await ended(pid);
  log(rsyslog, 'test', 'the traffic has ended');
  await rsyslog.received('the traffic has ended');
  return { dbdir, rsyslog };
}

/** postgrey returns to its starter before it listens. */
async function connected(path: string): Promise<PolicyClient> {
  for (;;) {
    try {
      return await PolicyClient.connect({ path });
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

/** Waits until so many requests stand in the log. */
async function logged(rsyslog: Rsyslog, count: number): Promise<void> {
  for (;;) {
    const change = rsyslog.changed();
    if (rsyslog.lines.filter((line) => line.includes(': action=')).length >= count) return;
    await change;
  }
}

/** Returns the lines that smtpd(8) logs about an answer to RCPT. */
function rejection({ request }: Visit, answer: string): string {
  const { client_name: name, client_address: address, sender, recipient, queue_id: id } = request;
  const text = answer.replace(/^DEFER_IF_PERMIT (4\.2\.0 )?/, '');
  const reply = `450 4.2.0 <${recipient}>: Recipient address rejected: ${text}`;
  return `${id || 'NOQUEUE'}: reject: RCPT from ${name}[${address}]: ${reply}; from=<${sender}> to=<${recipient}> proto=ESMTP helo=<${name}>`;
}

export function linesOf(text: string): string[] {
  return text.split('\n').slice(0, -1);
}

function log({ socket }: Rsyslog, ident: string, text: string): void {
  execFileSync('logger', ['-u', socket, '-p', 'mail.info', '-t', ident, '--id=4711', '--', text]);
}
