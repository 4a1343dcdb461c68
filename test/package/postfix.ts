/**
 * The Postfix of a machine, which takes mail for example.org from everybody, asks greyd about it, and keeps none.
 */
import { execFileSync } from 'node:child_process';
import type { Machine } from './machine.ts';

export function installPostfix(machine: Machine): void {
  machine.run('apt-get install -qq --no-install-recommends postfix');
  const settings = {
    myhostname: 'mx.example.org',
    mydestination: 'example.org',
    // No client is one of its own.
    mynetworks: '192.0.2.0/24',
    local_recipient_maps: '',
    local_transport: 'discard',
    inet_interfaces: 'loopback-only',
  };
  const words = Object.entries(settings).map(([name, value]) => `'${name} = ${value}'`);
  machine.run(`postconf -e ${words.join(' ')}`);
  machine.run('systemctl restart postfix');
}

/** @param line of smtpd_recipient_restrictions in main.cf */
export function askGreyd(machine: Machine, line: string): void {
  machine.run(
    `postconf -e 'smtpd_recipient_restrictions = permit_mynetworks reject_unauth_destination ${line}'`,
  );
  machine.run('postfix reload');
}

/** Sends a mail to Postfix. @returns all of the session, as swaks shows it */
export function sendMail(machine: Machine, sender: string): string {
  const mail = [
    '--server',
    '127.0.0.1',
    '--helo',
    'mail.example.net',
    '--from',
    sender,
    '--to',
    'bob@example.org',
  ];
  const [program = '', ...words] = [...machine.inNetwork, 'swaks', ...mail];
  try {
    return execFileSync(program, words, { encoding: 'utf8' });
  } catch (error) {
    // A mail that was refused is an error for swaks.
    return (error as { stdout: string }).stdout;
  }
}
