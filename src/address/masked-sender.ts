/**
 * The masked sender: an envelope sender without what changes from one mail to the next, so that mail of one sender to
 * one recipient can share a wait.
 *
 *   bounce-md_30850198.5f3a-v1-0a1b2c@mail202.atl271.mcdlv.net  ->  bounce-md_#@mail#.atl#.mcdlv.net
 *   0102016efd92-1f2e-4a@eu.ses.example                        ->  #@eu.ses.example
 *   SRS0=Hx1y=TT=example.org=anna99@forwarder.example          ->  srs=#=example.org=anna99@forwarder.example
 *   prvs=1234567890=anna99+list@example.org                    ->  anna99@example.org
 *
 * In this order: lower case; the local part cut at 64 characters; BATV undone; after an SRS tag nothing is touched; cut
 * at `+`; words with at most four digits behind them stay, they are people; else each row of letters and digits that
 * holds a digit becomes `#`, and so do the hex letters and other `#` beside it. Left of the registered domain digits
 * become `#`. Wider than the sender of a triplet (sender.ts), so it is never the only key of a wait.
 */
import { comparableName } from './host-name.ts';
import { registeredDomain } from './registered-domain.ts';
import { withoutBatv } from './sender.ts';

/** Maximum length of a local part (RFC 5321, 4.5.3.1.1), in characters. */
const MAX_LOCAL_LENGTH = 64;

/** The tags of draft-levine-smtp-batv, of Barracuda and of Message Systems, with what stands behind them. */
const BATV_FORMS = [/^prvs=([^=]*)=(.+)$/s, /^btv1==([^=]*)==(.+)$/s, /^msprvs1=([^=]*)=(.+)$/s];

const SRS_TAG = /^srs0[=+-][^=]+=[^=]{2}=/;
const MASKED_SRS_TAG = 'srs=#=';

const PERSON = /^[a-z]+(?:[._][a-z]+)*\d{0,4}$/;

/** A row of hex letters and `#`, separated by one character, which ends where its last part does. */
const HEX_ROW = /(?<![a-z#])(?:[a-f]+|#+)(?:[-_.=](?:[a-f]+|#+)(?![a-z#]))*(?![a-z#])/g;

/** @param sender without `<>`; the null sender stays empty */
export function maskedSender(sender: string): string {
  const lower = sender.toLowerCase();
  const at = lower.lastIndexOf('@');
  if (at === -1) return maskedLocal(lower);
  return `${maskedLocal(lower.slice(0, at))}@${maskedDomain(lower.slice(at + 1))}`;
}

function maskedLocal(whole: string): string {
  const local = withoutTags(whole.slice(0, MAX_LOCAL_LENGTH));
  if (local.startsWith(MASKED_SRS_TAG)) return local;
  if (SRS_TAG.test(local)) return local.replace(SRS_TAG, MASKED_SRS_TAG);
  const untagged = local.replace(/\+.*$/s, '');
  if (PERSON.test(untagged)) return untagged;
  return untagged
    .replace(/[a-z\d#]+/g, (row) => (/\d/.test(row) ? '#' : row))
    .replace(HEX_ROW, (row) => (row.includes('#') ? '#' : row));
}

function withoutTags(local: string): string {
  const user = withoutBatv(local);
  if (user !== local) return withoutTags(user);
  for (const form of BATV_FORMS) {
    const [, , user] = form.exec(local) ?? [];
    if (user !== undefined) return withoutTags(user);
  }
  return local;
}

function maskedDomain(domain: string): string {
  const name = comparableName(domain);
  const registered = registeredDomain(name);
  if (registered === undefined) return name;
  return name.slice(0, -registered.length).replace(/\d+/g, '#') + registered;
}
