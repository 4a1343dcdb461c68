/**
 * The fate of hosts that postgrey never greylists: postgrey-list.tsv has each entry of its list and
 * each later request, and what it says is so.
 */
import { existsSync, readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { parseAddress } from '../../src/address/ip.ts';
import { Whitelists } from '../../src/whitelist/whitelists.ts';
import { canRun } from '../support/requirements.ts';
import { hasClient } from '../support/whitelisted.ts';

const DEBIANS_LIST = '/etc/postgrey/whitelist_clients';
const VERDICTS = ['in ours', 'obsolete', 'too broad'];

const ROWS = readFileSync(new URL('postgrey-list.tsv', import.meta.url), 'utf8')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))
  .map((line) => {
    const [entry = '', where = '', verdict = '', hosts = '', reason = '', ...more] = line.split('\t');
    return { entry, where, verdict, hosts: hosts === '-' ? [] : hosts.split(' '), reason, more };
  });

/** The entries of a list of clients, without comments. */
const entriesOf = (text: string) =>
  text
    .split('\n')
    .map((line) => line.replace(/#.*/, '').trim())
    .filter((entry) => entry !== '');

let ours: Whitelists;
beforeAll(async () => {
  ours = new Whitelists({ clients: ['etc/greyd/whitelist_clients'], recipients: [] });
  expect(await ours.load()).toEqual([]);
});

test('each row has a verdict, a reason, and hosts if it is in ours', () => {
  const wrong = ROWS.filter(
    ({ entry, where, verdict, hosts, reason, more }) =>
      more.length > 0 ||
      entry === '' ||
      !/^(1\.37|#\d+)$/.test(where) ||
      !VERDICTS.includes(verdict) ||
      reason.length < 10 ||
      hosts.length > 0 !== (verdict === 'in ours'),
  );
  expect(wrong).toEqual([]);
  expect(new Set(ROWS.map(({ entry, where }) => `${where} ${entry}`)).size).toBe(ROWS.length);
});

test('what is in ours passes', () => {
  const greylisted = ROWS.flatMap(({ hosts }) => hosts).filter((host) => !hasClient(ours, host));
  expect(greylisted).toEqual([]);
});

test('what is obsolete or too broad does not, as it stands', () => {
  const passing = ROWS.filter(({ entry, verdict }) => {
    if (verdict === 'in ours' || entry.startsWith('/')) return false;
    const address = entry.replace(/\/\d+$/, '');
    return parseAddress(address) === undefined ? hasClient(ours, entry) : hasClient(ours, 'unknown', address);
  });
  expect(passing.map(({ entry }) => entry)).toEqual([]);
});

const hasList = canRun("Debian's list of postgrey", { commands: [`[ -e ${DEBIANS_LIST} ]`] });

test.skipIf(!hasList)(
  "each entry of Debian's list stands in the table, and no other is said to be of it",
  () => {
    const debians = existsSync(DEBIANS_LIST) ? entriesOf(readFileSync(DEBIANS_LIST, 'utf8')) : [];
    const told = ROWS.filter(({ where }) => where === '1.37').map(({ entry }) => entry);
    expect(told.sort()).toEqual(debians.sort());
  },
);

describe('no customer or subscriber of a provider passes by it', () => {
  test.each([
    '82-65-109-163.subs.proxad.net',
    'lns-bzn-59-82-250-1-2.adsl.proxad.net',
    'smtp6.free.fr.example.net',
    '130.181-78-194.adsl-static.isp.belgacom.be',
    'mailsec101.adsl-dyn.isp.belgacom.be',
    'ov-1a2b3c.infomaniak.ch',
    'www.dhosting.com',
    'site.eu1.dhosting.com',
    'w3.mail-smtp.eu1.dhosting.com.example.net',
    'p5dcc1234.dip0.t-ipconnect.de',
    'mail1.customer.telekom.de',
    'notx.com',
    'github.io',
  ])('%s', (name) => {
    expect(hasClient(ours, name)).toBe(false);
  });
});

describe('the file is kept in order', () => {
  const sections = readFileSync('etc/greyd/whitelist_clients', 'utf8')
    .split(/^# --- .*$/m)
    .slice(1);

  test('names are lower case, sorted in each section with expressions behind them, and stand there once', () => {
    expect(sections.length).toBe(10);
    for (const entries of sections.map(entriesOf)) {
      const inOrder = [...entries].sort((a, b) => {
        const [ofA, ofB] = [a, b].map((entry) => (entry.startsWith('/') ? 1 : 0) + entry);
        return (ofA ?? '') < (ofB ?? '') ? -1 : 1;
      });
      expect(entries).toEqual(inOrder);
      expect(entries.filter((entry) => entry !== entry.toLowerCase())).toEqual([]);
    }
    const all = sections.flatMap(entriesOf);
    expect(new Set(all).size).toBe(all.length);
  });
});
