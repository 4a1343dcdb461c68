import { expect, test } from 'vitest';
import { readDump } from '../../src/postgrey/dump.ts';

const HEADER = 'VERSION=3\nformat=print\ntype=btree\ndb_pagesize=4096\nHEADER=END\n';

async function* inChunks(text: string, size: number): AsyncGenerator<Buffer> {
  const bytes = Buffer.from(text, 'latin1');
  for (let start = 0; start < bytes.length; start += size) yield bytes.subarray(start, start + size);
}

async function read(text: string, size = text.length): Promise<[key: string, value: string][]> {
  const pairs: [string, string][] = [];
  for await (const some of readDump(inChunks(text, size || 1)))
    pairs.push(...some.map(({ key, value }): [string, string] => [key.toString('latin1'), value]));
  return pairs;
}

test.each([1, 7, 4096])('keys and values, whatever comes at a time: %i bytes', async (size) => {
  const text = `${HEADER} 192.0.2.0/a@b/c@d\n 1,2\n k2\n v2\nDATA=END\n`;
  expect(await read(text, size)).toEqual([
    ['192.0.2.0/a@b/c@d', '1,2'],
    ['k2', 'v2'],
  ]);
});

test('bytes that are no printable ASCII, backslashes, and what looks like the end', async () => {
  expect(await read(`${HEADER} a\\\\b\\c3\\a9\\0a\\\\c3\n \\00\n DATA=END\n v\nDATA=END\n`)).toEqual([
    ['a\\b\xc3\xa9\n\\c3', '\0'],
    ['DATA=END', 'v'],
  ]);
});

test('the form without -p, and several dumps one after another', async () => {
  const hex = 'VERSION=3\nformat=bytevalue\ntype=btree\nHEADER=END\n 6b31\n 76c3a9\nDATA=END\n';
  expect(await read(`${hex}${HEADER} k2\n v2\nDATA=END\n${HEADER}DATA=END\n`)).toEqual([
    ['k1', 'v\xc3\xa9'],
    ['k2', 'v2'],
  ]);
});

test.each([
  ['', 'not the output of db_dump: the input is empty'],
  ['hello\n', 'not the output of db_dump'],
  ['\0'.repeat(2 * 1024 * 1024), 'the input has no lines'],
  [HEADER, 'cut off'],
  [`${HEADER} k\n v\n`, 'cut off'],
  [`${HEADER} k\n v\nDATA=END`, 'cut off'],
  [`${HEADER} k\nDATA=END\n`, 'damaged'],
  [`${HEADER}k\n v\nDATA=END\n`, 'damaged'],
  ['VERSION=3\nformat=new\nHEADER=END\n k\n v\nDATA=END\n', 'unknown format'],
  ['VERSION=2\nHEADER=END\nDATA=END\n', 'not the output of db_dump'],
])('input that is no complete dump is an error: %j', async (text, message) => {
  await expect(read(text)).rejects.toThrow(message);
});
