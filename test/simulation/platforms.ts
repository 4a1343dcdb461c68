/**
 * Where good mail comes from: the share of each platform, the hosts of its pool, how it retries and writes envelope
 * senders. Platforms that greyd's list of clients may know have the names of their real hosts, so that the list is judged
 * by what is on it; all others have names below .example.
 *
 * Assumed: all shares and networks, and the chance to stay on a host. A network has 14 hosts, as was counted at
 * Microsoft 365, and 2 where a company has a pool of its own (dedicated addresses, Momentum). Two thirds of other webmail
 * and half of the hosters' mail are of platforms on the list.
 */
import { SENDER_FORMS, type SenderForm } from './envelope-senders.ts';
import type { PoolForm } from './hosts.ts';
import { SCHEDULES, type Schedule } from './schedules.ts';

export interface Platform {
  readonly name: string;
  /** Of good mail; a whole is not quite 100. */
  readonly share: number;
  /** People may answer mail of ours; a service sends codes. */
  readonly sends: 'people' | 'service';
  readonly sender: SenderForm;
  /** The domain of all senders; undefined: each organization has its own. */
  readonly domain?: string;
  /** undefined, as `pool`: each organization has a single host, with a program of its own. */
  readonly schedule?: Schedule;
  readonly pool?: PoolForm;
  /** Each organization has a pool of its own; host names are to be completed with its domain. */
  readonly isDedicated?: boolean;
}

interface Size {
  readonly regions?: number;
  readonly networks: number;
  readonly hostsPerNetwork?: number;
  readonly stay: number;
}

/** A pool in networks that are counted up from the first one. */
function pool(size: Size, firstNetwork: string, hostName: PoolForm['hostName']): PoolForm {
  const [a = 0, b = 0, c = 0] = firstNetwork.split('.').map(Number);
  const network = (n: number) => `${a}.${b + Math.floor((c + n) / 256)}.${(c + n) % 256}`;
  return { regions: 1, hostsPerNetwork: 14, ...size, network, hostName };
}

/** Names as `mta-310.example.net`: the third octet and the last one have no room to be one. */
const numbered = (prefix: string, domain: string) => (network: number, host: number) =>
  `${prefix}${network}${String.fromCharCode(97 + host)}.${domain}`;

const people = { sends: 'people', sender: SENDER_FORMS.person } as const;
const service = { sends: 'service' } as const;
const { postfix } = SCHEDULES;

const LARGE: Platform[] = [
  {
    ...{ ...people, name: 'Microsoft 365', share: 24, schedule: SCHEDULES['Microsoft 365'] },
    pool: pool(
      { regions: 3, networks: 48, stay: 0.05 },
      '40.107.0',
      (network, host) =>
        `mail-${['am6', 'bn8', 'sg2'][Math.floor(network / 48)]}eur${network % 48}on2${String(host).padStart(3, '0')}.outbound.protection.outlook.com`,
    ),
  },
  {
    ...{ ...people, name: 'Gmail', share: 18, schedule: SCHEDULES.Gmail, domain: 'gmail.com' },
    pool: pool(
      { networks: 12, stay: 0.15 },
      '209.85.208',
      (network, host) => `mail-${'abcdefghijkl'[network]}${host % 2}-f${host}.google.com`,
    ),
  },
];

const WEBMAIL: Platform[] = [
  {
    ...{ ...people, name: 'Yahoo', share: 3, schedule: SCHEDULES.Yahoo, domain: 'yahoo.com' },
    pool: pool(
      { networks: 8, stay: 0.2 },
      '77.238.176',
      (network, host) => `sonic${310 + network}-${host}.consmr.mail.ir2.yahoo.com`,
    ),
  },
  {
    ...{ ...people, name: 'GMX', share: 1.5, schedule: postfix, domain: 'gmx.net' },
    pool: pool({ networks: 2, stay: 0.2 }, '212.227.15', () => 'mout.gmx.net'),
  },
  {
    ...{ ...people, name: 'mail.ru', share: 0.5, schedule: SCHEDULES['mail.ru'], domain: 'mail.ru' },
    pool: pool(
      { networks: 4, stay: 0.2 },
      '94.100.176',
      (network, host) => `f${network * 40 + host}.i.mail.ru`,
    ),
  },
  {
    ...{ ...people, name: 'Yandex', share: 0.5, schedule: SCHEDULES.Yandex, domain: 'yandex.ru' },
    pool: pool(
      { networks: 4, stay: 0.2 },
      '178.154.239',
      (network, host) => `forward${100 + network * 20 + host}a.mail.yandex.net`,
    ),
  },
  {
    ...{ ...people, name: 'QQ', share: 0.5, schedule: SCHEDULES.QQ, domain: 'qq.com' },
    pool: pool(
      { networks: 8, stay: 0.2 },
      '203.205.221',
      (_network, _host, address) => `out${address.replaceAll('.', '-')}.mail.qq.com`,
    ),
  },
  ...['23.2.0', '23.3.0', '23.4.0'].map((network, n) => ({
    ...{
      ...people,
      name: `webmail ${n + 1}`,
      share: 1,
      schedule: postfix,
      domain: `webmail-${'abc'[n]}.example`,
    },
    pool: pool({ networks: 4, stay: 0.2 }, network, numbered('smtp', `webmail-${'abc'[n]}.example`)),
  })),
];

const THREE = { networks: 3, stay: 0.4 };

const HOSTERS: Platform[] = [
  {
    ...{ ...people, name: 'IONOS', share: 1.5, schedule: postfix },
    pool: pool(THREE, '212.227.126', () => 'mout.kundenserver.de'),
  },
  {
    ...{ ...people, name: 'OVH', share: 1, schedule: postfix },
    pool: pool(THREE, '178.33.45', (network, host) => `${host}.mo5${network}0.mail-out.ovh.net`),
  },
  {
    ...{ ...people, name: 'STRATO', share: 1, schedule: postfix },
    pool: pool(THREE, '81.169.146', (network, host) => `mo4-p0${network}${host}-ob.smtp.rzone.de`),
  },
  ...[...'abcdefg'].map((letter, n) => ({
    ...{ ...people, name: `hoster ${letter}`, share: 0.5, schedule: postfix },
    pool: pool(THREE, `23.${10 + n}.0`, numbered('out', `mail.hoster-${letter}.example`)),
  })),
  {
    ...{ ...people, name: 'hoster on nobody’s list', share: 3, schedule: postfix },
    pool: pool({ networks: 6, stay: 0.2 }, '23.20.0', numbered('relay', 'hoster-z.example')),
  },
];

const SERVICES: Platform[] = [
  {
    ...{ ...service, name: 'SES', share: 9, schedule: SCHEDULES.SES, sender: SENDER_FORMS.ses },
    pool: pool(
      { networks: 3, stay: 0.6 },
      '54.240.8',
      (network, host) => `a${network + 8}-${host}.smtp-out.eu-west-1.amazonses.com`,
    ),
  },
  {
    ...{
      ...service,
      name: 'SendGrid',
      share: 5,
      schedule: SCHEDULES.SendGrid,
      sender: SENDER_FORMS.sendgrid,
    },
    pool: pool({ networks: 20, stay: 0.1 }, '149.72.40', numbered('wrqvz', 'outbound-mail.sendgrid.net')),
  },
  {
    ...{ ...service, name: 'SendGrid dedicated', share: 2, isDedicated: true },
    ...{ schedule: SCHEDULES.SendGrid, sender: SENDER_FORMS.sendgrid },
    pool: pool({ networks: 2, hostsPerNetwork: 2, stay: 0.5 }, '25.0.0', numbered('o', 'em')),
  },
  {
    ...{ ...service, name: 'Mailgun', share: 2, schedule: SCHEDULES.Mailgun, sender: SENDER_FORMS.mailgun },
    pool: pool(
      { networks: 8, stay: 0.1 },
      '69.72.32',
      (network, host) => `m${32 + network}-${20 + host}.mailgun.net`,
    ),
  },
  {
    ...{
      ...service,
      name: 'Mandrill',
      share: 3,
      schedule: SCHEDULES.Mandrill,
      sender: SENDER_FORMS.mandrill,
    },
    pool: pool(
      { networks: 6, stay: 0.1 },
      '198.2.128',
      (network, host) => `mail${128 + network}-${20 + host}.suw31.mandrillapp.com`,
    ),
  },
  {
    ...{
      ...service,
      name: 'Momentum',
      share: 2,
      schedule: SCHEDULES.Momentum,
      sender: SENDER_FORMS.momentum,
    },
    ...{
      isDedicated: true,
      pool: pool({ networks: 8, hostsPerNetwork: 2, stay: 0.1 }, '26.0.0', numbered('mta', 'out')),
    },
  },
  {
    ...{ ...service, name: 'service on nobody’s list', share: 3, schedule: SCHEDULES.PowerMTA },
    sender: SENDER_FORMS.numbered,
    pool: pool({ networks: 8, stay: 0.1 }, '23.30.0', numbered('mta', 'send.service-z.example')),
  },
];

const SINGLE: Platform = { ...people, name: 'single hosts', share: 14 };

export const PLATFORMS: readonly Platform[] = [...LARGE, ...WEBMAIL, ...HOSTERS, ...SERVICES, SINGLE];
