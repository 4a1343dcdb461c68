/**
 * greyctl query: sends one request to a running greyd, or any other policy daemon, as Postfix does.
 *
 * --check is a plugin of Nagios and its successors: one line, and their exit status
 * (https://nagios-plugins.org/doc/guidelines.html).
 */
import type { NetConnectOpts } from 'node:net';
import { errorText } from '../../errors/text.ts';
import { printable } from '../../log/printable.ts';
import { UsageError } from '../../options/command-line.ts';
import { numberOr } from '../../options/values.ts';
import type { Attributes } from '../../policy/client.ts';
import { ask, policyText } from '../../policy/client.ts';
import { parseInet } from '../../server/endpoint.ts';
import { requireAttributes } from '../arguments.ts';
import { type ExitStatus, makeCommand, type Work } from '../command.ts';
import { POLICY_ATTRIBUTES } from '../request-words.ts';

const DEFAULT_TIMEOUT = 10;

/** The request of --check without attributes. greyd looks it up in its store, as for any mail. */
const CHECK_REQUEST: Attributes = new Map([
  ['client_address', '127.0.0.1'],
  ['client_name', 'localhost'],
  ['sender', 'greyctl-check@localhost'],
  ['recipient', 'greyctl-check@localhost'],
]);

export const queryCommand = makeCommand(
  {
    name: 'greyctl query',
    summary: 'query a running daemon, as Postfix does',
    usage: '[options] HOST:PORT | unix:PATH [client_address=… sender=… recipient=…]',
    description:
      'Sends one policy request to a daemon and prints its answer. The daemon treats it as any other request: a ' +
      'new triplet is stored. With --check it prints one line that says whether the daemon answers, for Nagios and ' +
      'compatible monitors: exit status 0 OK, 2 CRITICAL; without attributes the request is about mail from ' +
      'greyctl-check@localhost.\n\n' +
      'Examples:\n' +
      '  greyctl query 127.0.0.1:60000 client_address=192.0.2.10 sender=alice@example.net ' +
      'recipient=bob@example.org\n' +
      '  greyctl query --check unix:/var/spool/postfix/greyd/socket',
    options: [
      { flags: '--check', help: 'print one line, and exit with a status, for Nagios' },
      {
        flags: '--timeout <SECONDS>',
        help: 'how long to wait for the answer',
        default: DEFAULT_TIMEOUT,
        parse: numberOr('--timeout', DEFAULT_TIMEOUT, { unit: 'seconds', max: 3600 }),
      },
    ],
    arguments: {
      positional: { expected: 'HOST:PORT or unix:PATH of the daemon, as 127.0.0.1:60000', count: [1, 1] },
      attributes: POLICY_ATTRIBUTES,
      // Another daemon may know more of them.
      alsoAttributes: 'any',
    },
  },
  async (given, { values: [place = ''], attributes: named }, work) => {
    const target = daemonOf(place);
    const isCheck = given.check ?? false;
    const attributes = isCheck && named.size === 0 ? CHECK_REQUEST : named;
    requireAttributes(attributes, ['client_address', 'sender', 'recipient']);
    const begin = work.uptime();
    try {
      const action = await ask(target, policyText(attributes), given.timeout * 1000);
      const seconds = ((work.uptime() - begin) / 1000).toFixed(3);
      // Nagios reads performance data after a `|`.
      const shown = action.replaceAll('|', '/');
      const text = isCheck ? `GREYD OK - ${shown}|time=${seconds}s;;;0` : `action=${action}`;
      work.print({ action, seconds: Number(seconds) }, printable(text));
      return 0;
    } catch (error) {
      return failed(`${place}: ${errorText(error)}`, isCheck, work);
    }
  },
);

function failed(reason: string, isCheck: boolean, { print, tell }: Work): ExitStatus {
  if (isCheck) print({ action: null, reason }, printable(`GREYD CRITICAL - ${reason}`));
  else tell(reason);
  return isCheck ? 2 : 1;
}

/** Reads a place as in main.cf, with or without `inet:`. */
function daemonOf(place: string): NetConnectOpts {
  const [, path] = /^unix:(.+)$/.exec(place) ?? [];
  if (path !== undefined) return { path };
  const [endpoint] = parseInet(place.replace(/^inet:/, '')) ?? [];
  if (endpoint === undefined)
    throw new UsageError('missing HOST:PORT or unix:PATH of the daemon, as 127.0.0.1:60000');
  return { host: endpoint.host, port: endpoint.port };
}
