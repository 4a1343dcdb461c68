/**
 * The date in the header of a delayed mail is in the zone and under the name that postgrey has for it,
 * whatever TZ says. (Other moments than now: test/time.)
 */
import { afterEach, expect, test, vi } from 'vitest';
import { canRun } from '../support/requirements.ts';
import { START } from './conversation.ts';
import { ask, startBoth, withBoth } from './directed.ts';

const canCompare = canRun('tests of time zones', { programs: ['postgrey', 'db_dump'], root: true });

afterEach(() => {
  vi.unstubAllEnvs();
});

const HEADER = /^PREPEND X-Greylist: \w{3}, (\d\d \w{3} \d{4} [\d:]{8}) (\S+)$/;

/** The zone, and what the clock shows as if that were UTC, in Unix time. */
function shown(answer: string) {
  const [, date = '', zone] = HEADER.exec(answer) ?? [];
  return { zone, clock: Date.parse(`${date} UTC`) / 1000 };
}

test
  .skipIf(!canCompare)
  .each([
    'CET-1CEST,M3.5.0,M10.5.0/3',
    'AEST-10AEDT,M10.1.0,M4.1.0/3',
    '<+0330>-3:30',
    '/usr/share/zoneinfo/Europe/Berlin',
    ':/usr/share/zoneinfo/America/Sao_Paulo',
    ':Asia/Kolkata',
    ':/etc/localtime',
    'America/St_Johns',
    'Foo/Bar',
  ])('TZ=%s', async (tz) => {
  vi.stubEnv('TZ', tz);
  const both = await startBoth({ args: ['--x-greylist-header=X-Greylist: %d'] });
  // postgrey writes the time that it is, whatever the request says.
  const now = Math.floor(Date.now() / 1000) - START;
  const { postgrey, greyd } = await withBoth(async (name) => {
    await ask(both[name], now - 300);
    return shown(await ask(both[name], now));
  });
  expect(greyd.zone).toBeDefined();
  expect(greyd.zone).toBe(postgrey.zone);
  // Asked one after the other; in another zone it is half an hour and more.
  expect(Math.abs(greyd.clock - postgrey.clock)).toBeLessThan(60);
});
