import { expect, test } from 'vitest';
import { ANY_WINDOW, correspondentKey, windowKeys } from '../../src/greylist/keys.ts';
import { partsOfPair } from '../../src/inspect/rows.ts';

test('pairs whose blanks stand elsewhere have other keys, and are shown as they were', () => {
  const one = correspondentKey('a', 'b@ours.example c@d.example');
  const other = correspondentKey('a b@ours.example', 'c@d.example');
  expect(one).not.toEqual(other);
  expect(partsOfPair(other.clientAddress.slice(1))).toEqual({
    recipient: 'a b@ours.example',
    correspondent: 'c@d.example',
  });
  expect(partsOfPair(correspondentKey('50%20@ours.example', '').clientAddress.slice(1))).toEqual({
    recipient: '50%20@ours.example',
    correspondent: '',
  });
});

test('both forms of a domain are one correspondent', () => {
  expect(correspondentKey('u@ours.example', 'Carol@Müller.example')).toEqual(
    correspondentKey('U@Ours.example', 'carol@xn--mller-kva.example'),
  );
});

test('nobody expects mail to what is no address, whatever stands there', () => {
  for (const recipient of ['', '*@ours.example', '@ours.example', 'ours.example', 'bob@'])
    expect(windowKeys(recipient)).toBeUndefined();
  const keys = windowKeys('"a@b"@Ours.example');
  expect(keys?.map(({ clientAddress }) => clientAddress)).toEqual(['?"a@b"@ours.example', '?*@ours.example']);
  expect(keys).not.toContainEqual(ANY_WINDOW);
});
