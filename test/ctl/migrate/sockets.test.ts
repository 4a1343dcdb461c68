import { expect, test } from 'vitest';
import { givenUp, socketsOf } from '../../../src/ctl/migrate/sockets.ts';
import { parseInet } from '../../../src/server/endpoint.ts';

test.each([
  [['127.0.0.1:60000'], '10023', ['127.0.0.1:60000']],
  [['127.0.0.1:10023'], '10023', []],
  [['192.0.2.1:10023'], '*:10023', []],
  [['192.0.2.1:10023', '127.0.0.1:10023'], '127.0.0.1:10023', ['192.0.2.1:10023']],
])('a greyd on %s, and then on %s, gives up %s', async (before, now, expected) => {
  const options = before.map((value) => ({ name: '--inet', value }));
  const sockets = await socketsOf(parseInet(now) ?? []);
  expect(givenUp([{ name: '--delay', value: '60' }, ...options], sockets)).toEqual(expected);
});
