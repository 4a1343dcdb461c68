import { expect, test } from 'vitest';
import { originOf } from '../../src/greylist/origin.ts';
import { factsOf } from '../support/name-words.ts';

const CLIENT = '203.0.113.7';

test.each([
  ['no name', 'unknown', 'a@example.org', undefined],
  ['no domain', 'co.uk', 'a@co.uk', undefined],
  ['a line', 'dsl-203-0-113-7.isp.example', 'a@isp.example', 'isp.example'],
  ['a line with a mail word', 'mail3.dynamic.isp.example', 'a@isp.example', 'isp.example'],
  ['three octets', 'a0-113-7.isp.example', 'a@isp.example', 'isp.example'],
  ['a rented machine', 'vps-7.hoster.example', 'a@hoster.example', 'hoster.example'],
  ['two octets and another sender', 'a113-7.isp.example', 'a@example.org', 'isp.example'],
  ['two octets and the null sender', 'a113-7.isp.example', '', 'isp.example'],
])('a suspect: %s', (_, clientName, sender, domain) => {
  expect(originOf(factsOf(clientName, CLIENT), sender)).toEqual({
    isSuspect: true,
    domain,
    pool: undefined,
    farm: undefined,
  });
});

test.each([
  ['a mail host', 'mail.example.org', 'a@example.net', 'example.org', 'example.org'],
  ['one with four octets', 'out203-0-113-7.mail.example.org', '', 'example.org', 'mail.example.org'],
  ['a rented one', 'mail.vps.example.org', '', 'example.org', 'vps.example.org'],
  ['two octets and its own sender', 'a113-7.example.org', 'a@mx.Example.ORG', 'example.org', undefined],
  ['no mail word and its own sender', 'venus.example.org', 'a@example.org', 'example.org', undefined],
  ['no mail word and another sender', 'venus.example.org', 'a@example.net', undefined, undefined],
  ['no mail word and the null sender', 'venus.example.org', '', undefined, undefined],
  [
    'an internationalized domain',
    'venus.xn--mller-kva.example',
    'a@Müller.example',
    'xn--mller-kva.example',
    undefined,
  ],
  ['a known pool', 'dfw.source.kernel.org', 'a@example.net', 'kernel.org', 'source.kernel.org'],
  ['a customer of a provider', 'mail.b.github.io', 'a@c.github.io', 'b.github.io', 'b.github.io'],
])('pool and farm: %s', (_, clientName, sender, pool, farm) => {
  expect(originOf(factsOf(clientName, CLIENT), sender)).toMatchObject({ isSuspect: false, pool, farm });
});

test.each([
  ['the name without its first label', 'mail-a.outbound.bigsoft.example', 'outbound.bigsoft.example'],
  ['never less than the registered domain', 'out.example.org', 'example.org'],
  ['never less, if that is the name', 'mail-out.example', 'mail-out.example'],
  ['clusters go', '7.mo576.mail-out.ovh.example', 'mail-out.ovh.example'],
  ['all of them', '7.c1.c2.out.example.org', 'out.example.org'],
  ['not without a mail word behind them', 'esa5.hc1455-7.c3.filter.example', 'hc1455-7.c3.filter.example'],
  ['not the mail word itself', 'out-1.mta1.example.org', 'mta1.example.org'],
  ['up to the own label, if that has one', 'o12.p8.somemail.example', 'somemail.example'],
])('a farm: %s', (_, clientName, farm) => {
  expect(originOf(factsOf(clientName), '').farm).toBe(farm);
});
