/**
 * The configuration of the Postfix that tests drive: a mail server for example.org and bücher.example
 * that puts all mail into one maildir, relays nothing, and asks greyd about each recipient.
 *
 * It has one SMTP service for each way to ask greyd; its answers differ when greyd is away.
 */
import { HAS_IPV6 } from '../support/ports.ts';

export interface Ports {
  readonly greyd: number;
  /** That of --outgoing. */
  readonly outgoing: number;
  /** The plain form, as postgrey's documentation has it. */
  readonly plain: number;
  /** The form since Postfix 3.0 that lets mail pass when greyd is away. */
  readonly tolerant: number;
  /** Over greyd's unix socket, from inside Postfix's chroot. */
  readonly unix: number;
}

/** greyd's socket, from the queue directory: the only form of the path that is right in a chroot, too. */
export const GREYD_SOCKET = 'greyd/socket';

export const MAILDIR = 'Maildir';

/** Owner of the maildir; virtual(8) wants neither root nor an account that exists. */
export const MAIL_UID = 5000;

export const mainCf = (directory: string): string => `
compatibility_level = 3.6
myhostname = mx.example.org
inet_interfaces = loopback-only

# Everything that is written goes below one directory of the test's own.
queue_directory = ${directory}/queue
data_directory = ${directory}/data
maillog_file_prefixes = ${directory}/log
maillog_file = ${directory}/log/mail.log

# Every address of these domains exists and is delivered into the same maildir.
virtual_mailbox_domains = example.org, bücher.example
virtual_mailbox_base = ${directory}/mail
virtual_mailbox_maps = static:${MAILDIR}/
virtual_uid_maps = static:${MAIL_UID}
virtual_gid_maps = static:${MAIL_UID}

# No local accounts: nothing is looked up on this machine, and no proxymap(8) is needed for it.
mydestination =
local_recipient_maps =
alias_maps =

# Tests say with XCLIENT who they are; sessions without it are from 127.0.0.1 or ::1.
smtpd_authorized_xclient_hosts = 127.0.0.1, [::1]
smtputf8_enable = yes
`;

/** The addresses of greyd in the documents; tests may use their lines as they stand. */
const DOCUMENTED = { greyd: '127.0.0.1:60000', outgoing: '127.0.0.1:60001' } as const;

/** A service of a test's own: its settings, and the name that its lines in the log have. */
export interface ExtraService {
  /**
   * `name = value` each; GREYD stands for the policy service, OUTGOING for the same about outgoing mail, and so do the
   * addresses of DOCUMENTED.
   */
  readonly settings: readonly string[];
}

export const masterCf = (ports: Ports, extra: readonly (ExtraService & { port: number })[]): string => `
# service  type  private  unpriv  chroot  wakeup  maxproc  command
${smtpService('127.0.0.1', ports.plain, `inet:127.0.0.1:${ports.greyd}`)}
${HAS_IPV6 ? smtpService('[::1]', ports.plain, `inet:127.0.0.1:${ports.greyd}`) : ''}
${smtpService('127.0.0.1', ports.tolerant, `{ inet:127.0.0.1:${ports.greyd}, timeout=10s, default_action=DUNNO }`)}
${smtpService('127.0.0.1', ports.unix, `unix:${GREYD_SOCKET}`, 'y')}
${extra.map((service) => extraService(service, ports)).join('\n')}
cleanup    unix        n  -  n  -    0  cleanup
qmgr       unix        n  -  n  300  1  qmgr
rewrite    unix        -  -  n  -    -  trivial-rewrite
bounce     unix        -  -  n  -    0  bounce
defer      unix        -  -  n  -    0  bounce
error      unix        -  -  n  -    -  error
virtual    unix        -  n  n  -    -  virtual
anvil      unix        -  -  n  -    1  anvil
postlog    unix-dgram  n  -  n  -    1  postlogd
`;

const smtpService = (host: string, port: number, policyService: string, chroot = 'n'): string =>
  `${host}:${port} inet n - ${chroot} - - smtpd
    -o { smtpd_recipient_restrictions = reject_unauth_destination, check_policy_service ${policyService} }`;

const extraService = ({ port, settings }: ExtraService & { port: number }, ports: Ports): string =>
  [
    `127.0.0.1:${port} inet n - n - - smtpd`,
    ...settings.map((setting) => `    -o { ${onPortsOfTest(setting, ports)} }`),
  ].join('\n');

const onPortsOfTest = (setting: string, ports: Ports): string => {
  const service = `inet:127.0.0.1:${ports.greyd}`;
  return setting
    .replace('GREYD', `check_policy_service ${service}`)
    .replace('OUTGOING', `check_policy_service { ${service}, policy_context=outgoing }`)
    .replace(DOCUMENTED.greyd, `127.0.0.1:${ports.greyd}`)
    .replace(DOCUMENTED.outgoing, `127.0.0.1:${ports.outgoing}`);
};
