/**
 * Values that mean something to somebody: to printf, a shell, SQL, a terminal, JSON or JavaScript. To greyd
 * they are text. Each is sent in every attribute at once, and must be answered, stored, found again and
 * logged as what it is.
 */
import { isUtf8 } from 'node:buffer';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { beforeEach, describe, expect, test } from 'vitest';
import { MAX_FIELD_BYTES } from '../../src/policy/attributes.ts';
import { Daemon, temporaryDirectory } from '../support/daemon.ts';
import { POSTFIX_REQUEST, type PolicyClient } from '../support/policy-client.ts';

const T = 1_700_000_000;
const DELAY = 300;
const OPTIONS = [
  '--allow-test-time',
  `--delay=${DELAY}`,
  '--greylist-text=for %r',
  '--auto-whitelist-clients=0',
];

/** A file that any executed value would leave behind. */
let traces: string;

beforeEach(() => {
  traces = temporaryDirectory();
});

const ofPrintf = ['%s', '%n%n%n%n', '%r', '%t %v %h %d', '%1$s %999999999d %*c', '%', '%%', '%00'];
const ofShells = () =>
  ['$(touch T)', '`touch T`', "'; touch T; '", '"; touch T; "', '| touch T', '& touch T &', '> T'].map(
    (text) => text.replace('T', `${traces}/executed`),
  );
// biome-ignore lint/suspicious/noTemplateCurlyInString: nobody is to fill them in
const ofTemplates = ['${HOME}', '#{7*7}', '{{7*7}}', '${jndi:ldap://127.0.0.1/a}', '$& $1 $$ $` $<name>'];
const ofSql = [
  "'; DROP TABLE triplets; --",
  "' OR '1'='1",
  "') ON CONFLICT DO NOTHING; DELETE FROM triplets; --",
  '" OR ""="',
  '?',
  ':sender',
  '_%',
  "x'00'",
];
const ofJavaScript = [
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'undefined',
  'null',
  'NaN',
  '[]',
];
const ofLogs = [
  'x, recipient=forged',
  'x\raction=pass, reason=forged',
  'action=pass, reason=client whitelist, client_name=forged',
  '{"action":"pass"}',
  '\\u001b \\n \\',
  '"',
  "'",
  '<script>alert(1)</script>',
];
const ofPaths = ['../../../../etc/passwd', '/dev/full', '-rf', '--', '~root', '*'];
const ofTerminals = [
  '\x1b[2J\x1b[H',
  '\x1b]0;title\x07',
  '\x1b[31mred\x1b[0m',
  '\x9b31m',
  '\x7f\b\b\b',
  'a\tb\vc\fd',
];
const ofReadingDirection = [
  '\u202egro.elpmaxe.bob',
  '\u2066\u2067\u2068\u2069',
  '\u200e\u200f\u061c',
  'line\u2028separator\u2029s',
  '\ufeffbom',
];
const ofLength = ['x'.repeat(500), 'é'.repeat(250), '%s'.repeat(250), "'".repeat(500), '\0'.repeat(500)];
/** Bytes that are no UTF-8: alone, too long a form, half a character, a surrogate, beyond Unicode. */
const notUtf8 = [
  '\xff\xfe',
  '\xc0\xaf',
  'a\xe2\x82',
  '\xed\xa0\x80',
  '\xf4\x90\x80\x80',
  'b\xfcro',
  '\x80\x9b2J',
];
const controls = Array.from({ length: 32 }, (_, code) => String.fromCharCode(code)).filter(
  (one) => one !== '\n',
);

/** Without `@`, so that a sender is stored as it is, and %r is all of a recipient. */
function hostileValues(): Buffer[] {
  const texts = [
    ...ofPrintf,
    ...ofShells(),
    ...ofTemplates,
    ...ofSql,
    ...ofJavaScript,
    ...ofLogs,
    ...ofPaths,
    ...ofTerminals,
    ...ofReadingDirection,
    ...ofLength,
    ...['=', '==a=b', ' ', 'ÄÖÜ', '\u{1f4ec}', controls.join(''), 'a\0b', '\0'],
  ];
  return [...texts.map((text) => Buffer.from(text)), ...notUtf8.map((text) => Buffer.from(text, 'latin1'))];
}

/** Attributes that may hold any text. */
const TEXTS = Object.entries(POSTFIX_REQUEST)
  .filter(([, value]) => typeof value === 'string')
  .map(([name]) => name)
  .filter((name) => !['request', 'client_address'].includes(name));
/** Names that every object of JavaScript has. */
const NAMES_OF_OBJECTS = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'length'];

/** A request of which every text is the value. */
function requestOf(value: Buffer, time: number): Buffer {
  const lines = [...NAMES_OF_OBJECTS, ...TEXTS].map((name) =>
    Buffer.concat([Buffer.from(name), Buffer.from('='), value, Buffer.from('\n')]),
  );
  const head = `request=smtpd_access_policy\nclient_address=192.0.2.1\npolicy_test_time=${time}\n`;
  return Buffer.concat([Buffer.from(head), ...lines, Buffer.from('\n')]);
}

async function ask(client: PolicyClient, request: Buffer): Promise<string | undefined> {
  client.send(request);
  return client.reply();
}

/** Returns the bytes as text: UTF-8, or else Latin-1. */
const textOf = (bytes: Buffer) => bytes.toString(isUtf8(bytes) ? 'utf8' : 'latin1');
/** Returns the text as it may stand in an answer. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones to keep out
const inAnswer = (text: string) => text.replace(/[\0-\x1f\x7f]/g, '?');
/**
 * Returns the text as it may stand in the log: controls, and characters that change the reading direction, are
 * escaped.
 */
const inLog = (text: string) =>
  text.replace(
    /[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu,
    (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
/** Returns the text as it is stored: its ASCII letters in lower case. */
const inDatabase = (text: string) => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());

/** Sends every value, and again after the delay. */
async function putOffAndPass(daemon: Daemon, values: readonly Buffer[]): Promise<void> {
  const client = await daemon.connect();
  for (const value of values) {
    const text = textOf(value);
    expect(await ask(client, requestOf(value, T)), text).toBe(`DEFER_IF_PERMIT 4.2.0 for ${inAnswer(text)}`);
  }
  for (const value of values) {
    expect(await ask(client, requestOf(value, T + DELAY)), textOf(value)).toMatch(
      /^PREPEND X-Greylist: delayed 300 seconds by greyd-/,
    );
  }
  client.close();
  expect(await daemon.stop()).toEqual({ status: 0, signal: null });
  expect(readdirSync(traces)).toEqual([]);
}

/** All that is stored under plain keys, as the bytes that stand in the file. */
function stored(daemon: Daemon): [sender: string, recipient: string, first: number, last: number][] {
  const database = new Database(join(daemon.dbdir, 'greyd.db'), { readonly: true });
  try {
    const rows = database
      .prepare<[], [Buffer, Buffer, number, number]>(
        'SELECT CAST(sender AS BLOB), CAST(recipient AS BLOB), first_seen, last_seen FROM triplets',
      )
      .raw()
      .all();
    return rows.map(([sender, recipient, ...times]) => [
      sender.toString('hex'),
      recipient.toString('hex'),
      ...times,
    ]);
  } finally {
    database.close();
  }
}

describe('every hostile value is text', () => {
  test('in answers, in the database byte for byte, and in the log on a line of its own', async () => {
    const values = hostileValues();
    expect(values.filter(({ length }) => length > MAX_FIELD_BYTES)).toEqual([]);
    const daemon = await Daemon.start(OPTIONS);
    await putOffAndPass(daemon, values);

    const texts = values.map(textOf);
    const hex = (text: string) => Buffer.from(inDatabase(text)).toString('hex');
    expect(stored(daemon).sort()).toEqual(texts.map((text) => [hex(text), hex(text), T, T + DELAY]).sort());

    const line = (text: string, action: string) =>
      `${inLog(text)}: ${action}, client_name=${inLog(text)}, client_address=192.0.2.1, sender=${inLog(text)}, recipient=${inLog(text)}`;
    expect(daemon.logLines.slice(1, -1)).toEqual([
      ...texts.map((text) => line(text, 'action=greylist, reason=new')),
      ...texts.map((text) => line(text, `action=pass, reason=triplet found, delay=${DELAY}`)),
    ]);
  });

  test('in the log of --log-format=json', async () => {
    const values = hostileValues();
    const daemon = await Daemon.start([...OPTIONS, '--log-format=json']);
    await putOffAndPass(daemon, values);
    const lines = daemon.logLines.slice(1, -1);
    expect(lines.filter((line) => /[\p{Cc}]/u.test(line))).toEqual([]);
    const entries = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    const texts = values.map(textOf);
    expect(
      entries.map(({ queue_id, client_name, sender, recipient }) => [
        queue_id,
        client_name,
        sender,
        recipient,
      ]),
    ).toEqual([...texts, ...texts].map((text) => [text, text, text, text]));
  });

  test('under --privacy too, where no plain key is stored', async () => {
    const daemon = await Daemon.start([...OPTIONS, '--privacy']);
    await putOffAndPass(daemon, hostileValues());
    expect(stored(daemon)).toEqual([]);
    expect(daemon.logLines.filter((line) => inLog(line) !== line)).toEqual([]);
  });
});

test.each(NAMES_OF_OBJECTS)('%s is no attribute, and stands in for none', async (name) => {
  const daemon = await Daemon.start();
  expect(await daemon.ask({ sender: undefined, [name]: 'alice@example.net' })).toBe('DUNNO');
  await daemon.logged(/^attribute missing: sender$/m);
  const client = await daemon.connect();
  client.send(`${name}=smtpd_access_policy\n\n`);
  expect(await client.reply()).toBeUndefined();
  await daemon.logged(/^unrecognized request type: ''$/m);
});
