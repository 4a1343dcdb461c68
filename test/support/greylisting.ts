/**
 * The traces of greylisting behind any mail server: the header of a delayed mail, and the
 * lines of greyd's log.
 */
import type { Daemon } from './daemon.ts';

export const greylistHeaders = (mail: string): string[] => mail.match(/^X-Greylist:.*/gm) ?? [];

/** The header of a mail that was delayed by the default delay and the few seconds that a test takes. */
export const DELAYED =
  /^X-Greylist: delayed 3[01]\d seconds by greyd-[\d.]+ at mx\.example\.org; \w{3}, \d\d \w{3} \d{4} [\d:]{8} \S+$/;

/** Waits until greyd has logged so many answers. @returns these lines, all that there are */
export async function actionLines(greyd: Daemon, count: number): Promise<string[]> {
  await greyd.logged(new RegExp(`(^.*action=.*\\n[^]*?){${count}}`, 'm'));
  return greyd.logLines.filter((line) => line.includes('action='));
}
