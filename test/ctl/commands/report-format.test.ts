/**
 * The forms of greyctl report; test/reports compares them with what postgreyreport prints.
 */
import { expect, test } from 'vitest';
import { parseAddress } from '../../../src/address/ip.ts';
import {
  ownForm,
  type PostgreyreportForm,
  postgreyreportForm,
  sortByClient,
} from '../../../src/ctl/commands/report-format.ts';
import { tripletKey } from '../../../src/greylist/keys.ts';
import type { Tries } from '../../../src/mail-log/never-retried.ts';

const FORM: PostgreyreportForm = {
  grouped: false,
  tab: false,
  showTries: false,
  showTime: false,
  separateBySubnet: '',
  separateByIp: '',
};

function tries(clientAddress: string, clientName: string, sender: string, count = 1): Tries {
  const client = parseAddress(clientAddress);
  if (client === undefined) throw new Error(`no address: ${clientAddress}`);
  const recipient = 'Bob@example.org';
  return {
    client,
    clientAddress,
    clientName,
    sender,
    recipient,
    triplet: tripletKey(client, sender, recipient, { ipv4: 24, ipv6: 64 }),
    count,
    firstTime: 'Nov 23 20:44:09',
    lastTime: 'Nov 23 20:45:10',
  };
}

const SORTED = [
  tries('9.9.9.10', 'mail.example.net', 'alice-1@example.net', 12),
  tries('9.9.9.10', 'mail.example.net', ''),
  tries('9.9.9.11', '', 'eve@example.net'),
  tries('10.0.0.1', 'dyn-0-1.example.net', 'eve@example.net'),
  tries('2001:db8::1', 'six.example.net', 'alice-1@example.net'),
];

const print = (changes: Partial<PostgreyreportForm>) =>
  [...postgreyreportForm(SORTED, { ...FORM, ...changes })].join('');

test('clients are sorted by address as a number, and by name', () => {
  const [a, b, c, d, e] = [
    tries('9.0.0.1', 'x', ''),
    tries('10.0.0.1', 'a', ''),
    tries('10.0.0.1', 'b', ''),
    tries('2001:db8::1', 'a', ''),
    tries('2001:db8::a', 'a', ''),
  ];
  expect(sortByClient([e, c, b, d, a].filter((one) => one !== undefined))).toEqual([a, b, c, d, e]);
});

test('its own form', () => {
  expect([...ownForm(SORTED)].join('')).toBe(
    ` tries  first            last             mail
mail.example.net[9.9.9.10]
    12  Nov 23 20:44:09  Nov 23 20:45:10  from=<alice-1@example.net> to=<Bob@example.org>
     1  Nov 23 20:44:09  Nov 23 20:45:10  from=<> to=<Bob@example.org>
unknown[9.9.9.11]
     1  Nov 23 20:44:09  Nov 23 20:45:10  from=<eve@example.net> to=<Bob@example.org>
dyn-0-1.example.net[10.0.0.1]
     1  Nov 23 20:44:09  Nov 23 20:45:10  from=<eve@example.net> to=<Bob@example.org>
six.example.net[2001:db8::1]
     1  Nov 23 20:44:09  Nov 23 20:45:10  from=<alice-1@example.net> to=<Bob@example.org>
`,
  );
  expect([...ownForm([])]).toEqual([]);
});

test('lines', () => {
  expect(print({})).toBe(`       9.9.9.10 mail.example.net alice-#@example.net bob@example.org
       9.9.9.10 mail.example.net <> bob@example.org
       9.9.9.11 unknown eve@example.net bob@example.org
       10.0.0.1 dyn-0-1.example.net eve@example.net bob@example.org
    2001:db8::1 six.example.net alice-#@example.net bob@example.org
`);
  expect(print({ showTries: true, showTime: true }).split('\n')[0]).toBe(
    'Nov 23 20:45:10 12        9.9.9.10 mail.example.net alice-#@example.net bob@example.org',
  );
  expect(print({ tab: true, showTries: true, showTime: true }).split('\n')[0]).toBe(
    'Nov 23 20:45:10\t12\t9.9.9.10\tmail.example.net\talice-#@example.net\tbob@example.org',
  );
});

test('groups', () => {
  expect(print({ grouped: true, showTries: true, showTime: true, tab: true })).toBe(
    `mail.example.net                                                                     9.9.9.10
       12                       alice-#@example.net                           bob@example.org 
        1                                        <>                           bob@example.org 
unknown                                                                              9.9.9.11
        1                           eve@example.net                           bob@example.org 
dyn-0-1.example.net                                                                  10.0.0.1
        1                           eve@example.net                           bob@example.org 
six.example.net                                                                   2001:db8::1
        1                       alice-#@example.net                           bob@example.org 
`,
  );
});

test.each<[Partial<PostgreyreportForm>, string]>([
  [{ separateBySubnet: 'S ' }, 'S 9.9.9.10 9.9.9.10 9.9.9.11 S 10.0.0.1 S 2001:db8::1 '],
  [{ separateByIp: 'I ' }, 'I 9.9.9.10 9.9.9.10 I 9.9.9.11 I 10.0.0.1 I 2001:db8::1 '],
  [
    { separateBySubnet: 'S ', separateByIp: 'I ' },
    'S 9.9.9.10 9.9.9.10 I 9.9.9.11 S 10.0.0.1 S 2001:db8::1 ',
  ],
])('separators: %j', (form, expected) => {
  expect(print({ tab: true, ...form }).replace(/\t.*\n/g, ' ')).toBe(expected);
});

test('no form prints what moves the cursor of a terminal, or makes a row of its own', () => {
  const odd = '\x1b[2J\n9\t\x9b31m\u202e';
  const [one] = [tries('192.0.2.1', `m${odd}`, `s${odd}@example.net`)].map((plain) => ({
    ...plain,
    recipient: `r${odd}`,
    triplet: { ...plain.triplet, recipient: `r${odd}` },
  }));
  if (one === undefined) throw new Error('there is one');
  const rows = [...ownForm([one])];
  expect(rows).toHaveLength(3);
  const printed = [
    ...rows,
    ...postgreyreportForm([one], FORM),
    ...postgreyreportForm([one], { ...FORM, grouped: true }),
  ];
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these must not be there
  expect(printed.filter((row) => /[\x00-\x1f\x7f-\x9f\u202e]/.test(row.trimEnd()))).toEqual([]);
});
