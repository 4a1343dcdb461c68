import { expect, test } from 'vitest';
import { parseRedisUrl } from '../../src/options/store-url.ts';
import { locationName } from '../../src/store/redis/location.ts';

const COMMON = { isEncrypted: false, user: undefined, password: undefined };
const host = (name: string, port: number) => ({ host: name, port });

test.each([
  ['redis://mx.example.org', { topology: 'single', host: host('mx.example.org', 6379), database: 0 }],
  ['valkey://192.0.2.1:7000/3', { topology: 'single', host: host('192.0.2.1', 7000), database: 3 }],
  ['redis://[2001:db8::1]:7000/', { topology: 'single', host: host('2001:db8::1', 7000), database: 0 }],
  [
    'rediss://mx:p%40ss%3A@db',
    {
      topology: 'single',
      host: host('db', 6379),
      database: 0,
      isEncrypted: true,
      user: 'mx',
      password: 'p@ss:',
    },
  ],
  ['redis://:secret@db', { topology: 'single', host: host('db', 6379), database: 0, password: 'secret' }],
  [
    'redis-sentinel://a,b:7000/mail/2',
    { topology: 'sentinel', hosts: [host('a', 26379), host('b', 7000)], primary: 'mail', database: 2 },
  ],
  [
    'valkeys-sentinel://a/mail',
    { topology: 'sentinel', hosts: [host('a', 26379)], primary: 'mail', database: 0, isEncrypted: true },
  ],
  ['redis-cluster://a,b:7000', { topology: 'cluster', hosts: [host('a', 6379), host('b', 7000)] }],
  ['valkeys-cluster://a/', { topology: 'cluster', hosts: [host('a', 6379)], isEncrypted: true }],
])('%s', (url, expected) => {
  expect(parseRedisUrl(url)).toEqual({ ...COMMON, ...expected });
});

test.each([
  'localhost:6379',
  'http://db',
  'redis:/db',
  'redis://',
  'redis://a,b',
  'redis://db/name',
  'redis://db/1/2',
  'redis://db:0',
  'redis://db:70000',
  'redis://2001:db8::1',
  'redis://us%er@db',
  'redis-sentinel://a',
  'redis-sentinel://a/mail/two',
  'redis-cluster://a/1',
  'redis-cluster://a,',
])('%s is none, and what to write instead is said', (url) => {
  expect(() => parseRedisUrl(url)).toThrow(/^redis:\/\/HOST/);
});

test('what it is called holds no password', () => {
  expect(locationName(parseRedisUrl('rediss://mx:secret@[::1]/2'))).toBe('rediss://[::1]:6379');
  expect(locationName(parseRedisUrl('redis-sentinel://:secret@a,b/mail'))).toBe(
    'redis-sentinel://a:26379,b:26379/mail',
  );
});
