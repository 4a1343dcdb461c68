/**
 * A daemon with a profile, at a time of the test's own.
 */

import { Daemon, type DaemonSettings } from './daemon.ts';
import type { Attributes } from './policy-client.ts';

/** The beginning of the test's time, in Unix seconds. */
export const T = 1_800_000_000;

/** Asks about a mail `at` seconds after T. @returns what was logged of the answer, up to the client */
export type AskAt = (
  at: number,
  clientAddress: string,
  clientName: string,
  sender: string,
  more?: Attributes,
) => Promise<string>;

export interface ProfileDaemon {
  readonly daemon: Daemon;
  readonly ask: AskAt;
  readonly dbdir: string;
}

/** Starts greyd with --profile=smart, unless `args` name another. */
export async function startProfile(
  args: readonly string[] = [],
  settings: DaemonSettings = {},
): Promise<ProfileDaemon> {
  const daemon = await Daemon.start(['--profile=smart', '--allow-test-time', ...args], settings);
  const ask: AskAt = async (at, client_address, client_name, sender, more = {}) => {
    const from = daemon.log.length;
    await daemon.ask({
      ...{ client_address, client_name, sender, recipient: 'u@ours.example' },
      policy_test_time: String(T + at),
      // Its header is shown once for each message.
      instance: `${T}.${from}`,
      ...more,
    });
    const [, told = ''] = await daemon.logged(/action=(.*?)(?:, client_name.*|, client_address.*)?\n/, from);
    return told.replace('reason=', '');
  };
  return { daemon, ask, dbdir: daemon.dbdir };
}
