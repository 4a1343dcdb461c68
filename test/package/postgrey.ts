/**
 * A postgrey that has served for a while, on a machine of a test: records of every sort, whitelist entries of the
 * administrator's, and requests by which it is told from another.
 */
import type { Attributes } from '../support/policy-client.ts';
import { installGreyd } from './deb.ts';
import { Machine, type Release } from './machine.ts';

/** Where it is asked, as Debian has it. */
export const PORT = 10023;
const TARGET = `127.0.0.1:${PORT}`;

/** The units of both services. */
export const UNITS = 'greyd.socket greyd.service postgrey.service';
/** The records of greyd. */
export const RECORDS = 'greyctl list triplets; greyctl list clients';

const HOUR = 3600;

const BOB = 'bob@example.org';

/** With hours of delay nothing passes while the test runs that did not before. */
export const DELAY = `--delay=${2 * HOUR} --max-age=40`;
export const OPTIONS = `--inet=${PORT} ${DELAY}`;

/** How many of REQUESTS pass: the first ones. */
export const PASSING = 12;

/** Requests to which the answers are the same however often they are asked. */
export const REQUESTS: readonly Attributes[] = [
  // Has passed; from the same network; with the tags of BATV and VERP; in other letters.
  mail('192.0.2.7', 'alice@example.net'),
  mail('192.0.2.200', 'alice@example.net'),
  mail('198.51.100.9', 'news+77@example.com'),
  mail('198.51.100.9', 'list-4711@example.com'),
  mail('192.0.2.7', 'Alice@EXAMPLE.net'),
  mail('2001:db8:1:2::99', 'six@example.net'),
  mail('192.0.2.7', ''),
  // On the auto-whitelist, whatever it sends.
  mail('203.0.113.5', 'whoever@example.com'),
  // On whitelists: added by the administrator, to a file of his own and to Debian's, and Debian's own entry.
  { ...mail('192.0.2.9', 'x@example.net'), client_name: 'mx.partner.example' },
  { ...mail('192.0.2.9', 'x@example.net'), client_name: 'typed-in.example' },
  { ...mail('192.0.2.9', 'x@example.net'), recipient: 'postmaster@example.org' },
  { ...mail('192.0.2.9', 'x@example.net'), recipient: 'sales+eu@example.org' },
  // Waits.
  mail('192.0.2.7', 'late@example.net'),
  // In the network of one on the auto-whitelist.
  mail('203.0.113.6', 'whoever@example.com'),
  // Nobody knows it; out of the network of one that has passed.
  mail('192.0.2.7', 'stranger@example.net'),
  mail('192.0.3.7', 'alice@example.net'),
];

interface Surroundings {
  readonly init?: 'systemd' | 'none';
  /** The options that postgrey is started with. */
  readonly options?: string;
  /** Where it is asked then. */
  readonly target?: string;
}

/** A machine with both, as an administrator has it who has just installed greyd. */
export async function taught(
  release: Release,
  { init = 'systemd', options = OPTIONS, target = TARGET }: Surroundings = {},
): Promise<Machine> {
  const machine = await Machine.boot(release, init);
  const [, folder] = /^unix:(.*)\/[^/]+$/.exec(target) ?? [];
  if (folder !== undefined) machine.run(`install -d -m 0755 ${folder}`);
  await installPostgrey(machine, options);
  installGreyd(machine);
  teachPostgrey(machine, target);
  return machine;
}

/** Installs it, and has it serve. */
export async function installPostgrey(machine: Machine, options = OPTIONS): Promise<void> {
  machine.run('apt-get install -y --no-install-recommends postgrey db-util');
  machine.run(`sed -i 's|^POSTGREY_OPTS=.*|POSTGREY_OPTS="${options}"|' /etc/default/postgrey`);
  machine.run(
    "printf '# a partner\\npartner.example # since 2020\\n' >/etc/postgrey/whitelist_clients.local",
  );
  machine.run('echo typed-in.example >>/etc/postgrey/whitelist_clients');
  machine.run('echo sales@example.org >/etc/postgrey/whitelist_recipients.local');
  await restartPostgrey(machine);
}

/** At its end it writes to its files what it has in memory. */
export async function restartPostgrey(machine: Machine): Promise<void> {
  machine.run('service postgrey stop || true; service postgrey start');
  await postgreyServes(machine);
}

/** Waits until it does: nobody is told, neither systemd nor who calls its init script. */
export async function postgreyServes(machine: Machine): Promise<void> {
  await machine.until("ss -Hltxp | grep -q 'postgrey'");
}

/** Lets mail of some days pass through it. */
export function teachPostgrey(machine: Machine, target = TARGET): void {
  const days = Math.floor(Date.now() / 1000) - 30 * HOUR;
  const passed = [
    mail('192.0.2.7', 'alice@example.net'),
    mail('198.51.100.9', 'news@example.com'),
    mail('198.51.100.9', 'list-1@example.com'),
    mail('2001:db8:1:2::1', 'six@example.net'),
    mail('192.0.2.7', ''),
    ...['a', 'b', 'c', 'd', 'e'].map((name) => mail('203.0.113.5', `user${name}@example.com`)),
  ];
  const visits = passed.flatMap((request, index) =>
    [0, 3 * HOUR].map((later) => ({ ...request, policy_test_time: days + index * HOUR + later })),
  );
  machine.ask(target, [...visits, mail('192.0.2.7', 'late@example.net')]);
}

/** Returns the current answers of the daemon on its socket to REQUESTS. */
export function answersOn(machine: Machine, target = TARGET): string[] {
  return machine.ask(target, REQUESTS);
}

function mail(address: string, sender: string): Attributes {
  return { client_address: address, client_name: 'mail.example.net', sender, recipient: BOB };
}
