/**
 * The reply to one policy request: `action=ACTION` and an empty line.
 *
 *   reply  :== "action=" action LF LF
 *   action :== anything access(5) allows, without control characters
 *
 * A recipient in the greylist text puts text of a request into an action, so characters that would
 * end the line early are replaced here, the only place that writes a reply.
 */

/** The action for no objection: the restrictions that follow decide. */
export const DUNNO = 'DUNNO';

/** @param action as in access(5); control characters in it become `?`, as Postfix prints them */
export function encodeReply(action: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones to keep out
  return `action=${action.replace(/[\x00-\x1f\x7f]/g, '?')}\n\n`;
}
