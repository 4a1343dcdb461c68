import { afterEach, describe, expect, test, vi } from 'vitest';
import { greylistText, withStatusCode } from '../../src/greylist/texts.ts';

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

  afterEach(() => {
    vi.unstubAllEnvs();
  });

  /** The time zone is read when the module is loaded. */
  async function headerIn(timeZone: string, template: string): Promise<string> {
    vi.stubEnv('TZ', timeZone);
    vi.resetModules();
    const { delayHeader } = await import('../../src/greylist/texts.ts');
    return delayHeader(template, 301, 'mx.example.org', '1.2.3', NOW);
  }

  test('has its values filled in', async () => {
    expect(await headerIn('UTC', 'X-Greylist: delayed %t seconds by greyd-%v at %h; %d')).toBe(
      'X-Greylist: delayed 301 seconds by greyd-1.2.3 at mx.example.org; Mon, 23 Nov 2026 20:44:09 UTC',
    );
  });

  test.each([
    ['Europe/Berlin', 'Mon, 23 Nov 2026 21:44:09 CET'],
    ['America/New_York', 'Mon, 23 Nov 2026 15:44:09 EST'],
    ['Australia/Sydney', 'Tue, 24 Nov 2026 07:44:09 AEDT'],
    ['Asia/Tokyo', 'Tue, 24 Nov 2026 05:44:09 GMT+9'],
  ])('its date is local: %s', async (timeZone, date) => {
    expect(await headerIn(timeZone, '%d')).toBe(date);
  });
});
