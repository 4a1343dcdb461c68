import { expect, test } from 'vitest';
import { socketDropIn } from '../../../src/postgrey/migrate/socket-unit.ts';
import { parseInet } from '../../../src/server/endpoint.ts';

const inet = (text: string) => parseInet(text) ?? [];
const HEAD =
  '# The sockets of postgrey, so that main.cf need not change. Written by greyctl migrate.\n[Socket]\nListenStream=\n';

test.each([
  ['10023', 'ListenStream=127.0.0.1:10023\nListenStream=[::1]:10023\n'],
  ['127.0.0.1:60000', 'ListenStream=127.0.0.1:60000\n'],
  ['[::1]:60000', 'ListenStream=[::1]:60000\n'],
  ['*:60000', 'ListenStream=60000\n'],
  ['192.0.2.1:60000', 'ListenStream=192.0.2.1:60000\nFreeBind=yes\n'],
])('--inet=%s', (text, lines) => {
  expect(socketDropIn(inet(text), undefined)).toBe(HEAD + lines);
});

test('a unix socket has the mode and the owner that it had', () => {
  const path = '/var/spool/postfix/postgrey/socket';
  expect(socketDropIn([], { path, mode: 0o666, owner: undefined })).toBe(
    `${HEAD}ListenStream=${path}\nSocketMode=0666\n`,
  );
  expect(socketDropIn([], { path, mode: 0o660, owner: { user: '101', group: '114' } })).toBe(
    `${HEAD}ListenStream=${path}\nSocketMode=0660\nSocketUser=101\nSocketGroup=114\n`,
  );
});
