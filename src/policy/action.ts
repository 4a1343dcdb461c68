/**
 * The reply to one policy request: `action=ACTION` and an empty line.
 *
 *   reply  :== "action=" action LF LF
 *   action :== anything access(5) allows, without control characters
 *
 * Text from a request (a recipient in the greylist text) can stand in an action, so whatever would
 * end the line early is replaced here, at the only door to the wire.
 */

/** The action that leaves the decision to the restrictions that follow: greyd has no objection. */
export const DUNNO = 'DUNNO';

/** @param action as in access(5); control characters in it become `?`, as Postfix prints them */
export function encodeReply(action: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones to keep out
  return `action=${action.replace(/[\x00-\x1f\x7f]/g, '?')}\n\n`;
}
