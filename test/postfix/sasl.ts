/**
 * Accounts that can log in to a real Postfix, by the Cyrus SASL library and a database of its own: no server beside it,
 * and nothing of this machine's accounts. Debian's Postfix looks for the library's settings in sasl/ below its own.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export const SASL_NEEDS = {
  programs: ['db_load'],
  // Debian's libsasl2-modules has the mechanism.
  commands: ['ls /usr/lib/*/sasl2/libplain.so'],
};

const USER = 'bob';
const REALM = 'example.org';
const PASSWORD = 'correct horse';

/** Makes the accounts, which the user postfix can read. @param config Postfix's configuration directory */
export function makeAccounts(config: string): void {
  const directory = join(config, 'sasl');
  mkdirSync(directory);
  chmodSync(directory, 0o755);
  const accounts = join(directory, 'sasldb');
  // The key of an account, as sasldb has it: user, realm and property, with a NUL between them.
  const entry = `${[USER, REALM, 'userPassword'].join('\\00')}\n${PASSWORD}\n`;
  execFileSync('db_load', ['-T', '-t', 'hash', accounts], { input: entry });
  chmodSync(accounts, 0o644);
  writeFileSync(
    join(directory, 'smtpd.conf'),
    `pwcheck_method: auxprop
auxprop_plugin: sasldb
sasldb_path: ${accounts}
mech_list: PLAIN
`,
  );
}

/** The settings of a service at which these accounts can log in, and nobody else may send. */
export const LOGIN_SETTINGS = [
  'smtpd_sasl_auth_enable = yes',
  'smtpd_relay_restrictions = permit_sasl_authenticated, reject',
];

/** The command that logs in, see RFC 4616. */
export function authPlain(password = PASSWORD): string {
  return `AUTH PLAIN ${Buffer.from(`\0${USER}@${REALM}\0${password}`).toString('base64')}`;
}
