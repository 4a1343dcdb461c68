/**
 * Sender normalisation: many senders put a number or a tag into each envelope sender, so that the
 * retry of one mail, or the next mail of one list, would look like a new sender. The parts that
 * change are taken out of the local part:
 *
 *   prvs=TAG=user@example.com   ->  user@example.com     (BATV, draft-levine-smtp-batv)
 *   user+anything@example.com   ->  user@example.com     (subaddressing, RFC 5233)
 *   list-12345-67@example.com   ->  list-#-#@example.com (VERP and message numbers)
 *
 * The domain is left alone. Source of the rule: postgrey 1.37.
 */

const BATV = /^prvs=([^=]*)=([^=]+)$/;
/** A BATV tag, as postgrey recognises it. */
const BATV_TAG = /^[0-9a-z]{10}/;

/**
 * Returns the envelope sender in the form that a triplet holds. Upper and lower case are kept.
 * @param sender without `<>`; empty for the null sender, which stays empty
 */
export function normaliseSender(sender: string): string {
  const at = sender.indexOf('@');
  if (at === -1) return sender;
  const local = withoutBatv(sender.slice(0, at))
    .replace(/\+.*$/s, '')
    .replace(/\b\d+\b/g, '#');
  return local + sender.slice(at);
}

/** Takes the user out of `prvs=user=tag` or `prvs=tag=user`; both orders are in use. */
export function withoutBatv(local: string): string {
  const [, first, second] = BATV.exec(local) ?? [];
  if (first === undefined || second === undefined) return local;
  return BATV_TAG.test(second) && !BATV_TAG.test(first) ? first : second;
}
