import { expect, test } from 'vitest';
import { inetOfUnit, inetOptions, othersOf, socketsOf } from '../../../src/postgrey/migrate/sockets.ts';
import { endpointName, parseInet } from '../../../src/server/endpoint.ts';

const endpoints = (names: readonly string[]) => names.flatMap((name) => parseInet(name) ?? []);

test.each([
  [['127.0.0.1:60000'], '10023', ['127.0.0.1:60000']],
  [['127.0.0.1:10023'], '10023', []],
  [['192.0.2.1:10023'], '*:10023', []],
  [['127.0.0.1:10023'], '0.0.0.0:10023', []],
  [['192.0.2.1:10023', '127.0.0.1:10023'], '127.0.0.1:10023', ['192.0.2.1:10023']],
])('a greyd on %s: %s does not cover %s', async (before, now, expected) => {
  const others = othersOf(endpoints(before), await socketsOf(endpoints([now])));
  expect(others.map(endpointName)).toEqual(expected);
});

test('where greyd is asked stands in its options, or in its socket unit', () => {
  const options = [
    { name: '--delay', value: '60' },
    { name: '--inet', value: '127.0.0.1:60000' },
  ];
  expect(inetOptions(options).map(endpointName)).toEqual(['127.0.0.1:60000']);
  const listen = '127.0.0.1:60000 (Stream)\n[::1]:60000 (Stream)\n/run/greyd/socket (Stream)\n';
  expect(inetOfUnit(listen).map(endpointName)).toEqual(['127.0.0.1:60000', '[::1]:60000']);
});
