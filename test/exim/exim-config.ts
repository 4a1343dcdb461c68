/**
 * The configuration of the Exim that tests drive: a mail server for example.org and bücher.example that
 * knows every address there, puts all mail into one file, relays nothing, and asks greyd about each
 * recipient with the statements that docs/exim.md gives to administrators, word for word.
 */
import { readFileSync } from 'node:fs';

/** Where the statements of docs/exim.md look for greyd, and their options for `${readsocket}`. */
const DOCUMENTED_PLACE = 'inet:127.0.0.1:60000';
const DOCUMENTED_OPTIONS = '5s';

/** Exim's own account; the name is compiled into Debian's Exim, the number is nobody's. */
export const EXIM_USER = { name: 'Debian-exim', id: 5001 };

export interface EximSettings {
  /** Where greyd is, as `${readsocket}` has it: `inet:127.0.0.1:60000`, or the path of a unix socket. */
  readonly greyd: string;
  /** Other options for it: a timeout and what follows. */
  readonly options?: string;
}

/** The statements of docs/exim.md. */
export function documentedAcl(): string {
  const blocks = readFileSync('docs/exim.md', 'utf8').match(/^ {4}.*\n(?:(?: {4}.*)?\n)*/gm) ?? [];
  const [acl, ...others] = blocks.filter((block) => block.includes('set acl_m_greyd'));
  if (acl === undefined || others.length > 0) throw new Error('docs/exim.md has not one ACL');
  return acl;
}

/** These statements with another place and other options. */
export function aclFor({ greyd, options = DOCUMENTED_OPTIONS }: EximSettings): string {
  const parts = documentedAcl().split(`{${DOCUMENTED_PLACE}}`);
  const [before, after] = parts;
  const [request, rest] = after?.split(`{${DOCUMENTED_OPTIONS}}`) ?? [];
  if (parts.length !== 2 || rest === undefined)
    throw new Error(`docs/exim.md does not ask ${DOCUMENTED_PLACE}`);
  return `${before}{${greyd}}${request}{${options}}${rest}`;
}

export const eximConf = (directory: string, program: string, acl: string): string => `
exim_path = ${program}
primary_hostname = mx.example.org
qualify_domain = example.org

# Everything that is written goes below one directory of the test's own.
spool_directory = ${directory}/spool
log_file_path = ${directory}/log/%slog

# The strictest that an administrator can set: a variable that was never set is an error.
strict_acl_vars = true
acl_smtp_rcpt = acl_check_rcpt
keep_environment =

begin acl

acl_check_rcpt:
    require
      domains = example.org : bücher.example
      verify = recipient

${acl}
    accept

begin routers

everybody:
  driver = accept
  transport = mailbox

begin transports

mailbox:
  driver = appendfile
  file = ${directory}/mail/mailbox
  user = ${EXIM_USER.name}
  envelope_to_add
  return_path_add
`;

/** The files that Exim finds in /etc: its account, and that names are looked up nowhere else. */
export const ETC: Readonly<Record<string, string>> = {
  passwd: `root:x:0:0::/:/bin/sh\n${EXIM_USER.name}:x:${EXIM_USER.id}:${EXIM_USER.id}::/:/bin/sh\n`,
  group: `root:x:0:\n${EXIM_USER.name}:x:${EXIM_USER.id}:\n`,
  'nsswitch.conf': 'passwd: files\ngroup: files\nhosts: files\n',
  hosts: '127.0.0.1 localhost\n',
};
