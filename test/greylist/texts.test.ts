import { afterEach, describe, expect, test } from 'vitest';
import { delayHeader, greylistText, withStatusCode } from '../../src/greylist/texts.ts';
import { useZone } from '../../src/time/local-time.ts';
import { zoneOf } from '../../src/time/zone.ts';
import { HAS_TZ_DATABASE } from '../support/tz-database.ts';

describe('the text for a deferred client', () => {
  test.each([
    ['%s seconds for %r', 'bob@example.org', '42 seconds for example.org'],
    ['%r', 'a@b@example.org', 'example.org'],
    ['%r', 'postmaster', 'postmaster'],
    ['%r', '', ''],
    ['%s %s', 'bob@example.org', '42 42'],
    ['100% sure %x %', 'bob@example.org', '100% sure %x %'],
    ['%r', 'bob@%s', '%s'],
  ])('%j to %j', (template, recipient, text) => {
    expect(greylistText(template, 42, recipient)).toBe(text);
  });

  test('gets a status code unless it begins with a digit', () => {
    expect(withStatusCode('Greylisted')).toBe('4.2.0 Greylisted');
    expect(withStatusCode('4.7.1 Greylisted')).toBe('4.7.1 Greylisted');
  });
});

describe('the header of a delayed mail', () => {
  const NOW = Date.UTC(2026, 10, 23, 20, 44, 9) / 1000;

  afterEach(() => useZone(undefined));

  function headerIn(timeZone: string, template: string): string {
    useZone(zoneOf(timeZone));
    return delayHeader(template, 301, 'mx.example.org', '1.2.3', NOW);
  }

  test('has its values filled in', () => {
    expect(headerIn('UTC', 'X-Greylist: delayed %t seconds by greyd-%v at %h; %d')).toBe(
      'X-Greylist: delayed 301 seconds by greyd-1.2.3 at mx.example.org; Mon, 23 Nov 2026 20:44:09 UTC',
    );
  });

  test.skipIf(!HAS_TZ_DATABASE).each([
    ['Europe/Berlin', 'Mon, 23 Nov 2026 21:44:09 CET'],
    ['America/New_York', 'Mon, 23 Nov 2026 15:44:09 EST'],
    ['Australia/Sydney', 'Tue, 24 Nov 2026 07:44:09 AEDT'],
    ['Asia/Tokyo', 'Tue, 24 Nov 2026 05:44:09 JST'],
    ['America/Sao_Paulo', 'Mon, 23 Nov 2026 17:44:09 -03'],
    ['CET-1CEST,M3.5.0,M10.5.0/3', 'Mon, 23 Nov 2026 21:44:09 CET'],
    ['/usr/share/zoneinfo/Australia/Sydney', 'Tue, 24 Nov 2026 07:44:09 AEDT'],
    ['<+0330>-3:30', 'Tue, 24 Nov 2026 00:14:09 +0330'],
  ])('its date is local: %s', (timeZone, date) => {
    expect(headerIn(timeZone, '%d')).toBe(date);
  });
});
