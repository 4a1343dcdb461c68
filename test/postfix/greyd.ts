/**
 * greyd where the Postfix of the tests looks for it.
 */
import { Daemon } from '../support/daemon.ts';
import type { Postfix } from './postfix.ts';

/** Starts greyd; it is killed when the test has ended. */
export function startGreyd(
  postfix: Postfix,
  args: readonly string[] = [],
  settings: { readonly dbdir?: string } = {},
): Promise<Daemon> {
  const listen = [`--inet=127.0.0.1:${postfix.ports.greyd}`];
  return Daemon.start(['--hostname=mx.example.org', ...args], { ...settings, listen });
}
