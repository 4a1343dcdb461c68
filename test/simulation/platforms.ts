/**
 * Where good mail comes from: the share of each platform, the hosts of its pool, how it retries and writes envelope
 * senders. Platforms that greyd's list of clients may know have the names of their real hosts, so that the list is judged
 * by what is on it; all others have names below .example.
 *
 * Assumed: all shares and networks, and the chance to stay on a host. A network has 14 hosts, as was counted at
 * Microsoft 365, and 2 where a company has addresses of its own. Two thirds of other webmail and half of the hosters' mail
 * come from platforms on the list; the other half from many small hosters.
 */
import { SENDER_FORMS, type SenderForm } from './envelope-senders.ts';
import type { PoolForm } from './hosts.ts';
import { SCHEDULES, type Schedule } from './schedules.ts';

export interface Platform {
  readonly name: string;
  /** Beside those of the others. */
  readonly share: number;
  /** People may answer mail of ours; a service sends codes. */
  readonly sends: 'people' | 'service';
  readonly sender: SenderForm;
  /** The domain of all senders; undefined: each organization has its own. */
  readonly domain?: string;
  /** undefined, as `pool`: each organization has a single host, with a program of its own. */
  readonly schedule?: Schedule;
  readonly pool?: PoolForm;
  /** Each organization has a pool of its own, and its domain behind the names of the hosts. */
  readonly isDedicated?: boolean;
}

type Size = Partial<PoolForm> & Pick<PoolForm, 'networks' | 'stay'>;

function pool(firstNetwork: string, hostNames: string, size: Size): PoolForm {
  return { regions: 1, hostsPerNetwork: 14, firstNetwork, hostNames, ...size };
}

type Row = Pick<Platform, 'name' | 'share'> & Partial<Platform>;

const people = (row: Row): Platform => ({
  ...{ sends: 'people', sender: SENDER_FORMS.person, schedule: SCHEDULES.postfix },
  ...row,
});

const service = (row: Row & Pick<Platform, 'sender' | 'schedule' | 'pool'>): Platform => ({
  sends: 'service',
  ...row,
});

const LARGE = [
  people({
    ...{ name: 'Microsoft 365', share: 24, schedule: SCHEDULES['Microsoft 365'] },
    pool: pool('40.107.0', 'mail-{region}eur{network}on2{host}.outbound.protection.outlook.com', {
      ...{ regions: 3, networks: 48, stay: 0.05 },
    }),
  }),
  people({
    ...{ name: 'Gmail', share: 18, schedule: SCHEDULES.Gmail, domain: 'gmail.com' },
    pool: pool('209.85.208', 'mail-w{network}-f{d}.google.com', { networks: 12, stay: 0.15 }),
  }),
];

const WEBMAIL = [
  people({
    ...{ name: 'Yahoo', share: 3, schedule: SCHEDULES.Yahoo, domain: 'yahoo.com' },
    pool: pool('77.238.176', 'sonic31{network}-{host}.consmr.mail.ir2.yahoo.com', {
      ...{ networks: 8, stay: 0.2 },
    }),
  }),
  people({
    ...{ name: 'GMX', share: 1.5, domain: 'gmx.net' },
    pool: pool('212.227.15', 'mout.gmx.net', { networks: 2, stay: 0.2 }),
  }),
  people({
    ...{ name: 'mail.ru', share: 0.5, schedule: SCHEDULES['mail.ru'], domain: 'mail.ru' },
    pool: pool('94.100.176', 'f{network}{host}.i.mail.ru', { networks: 4, stay: 0.2 }),
  }),
  people({
    ...{ name: 'Yandex', share: 0.5, schedule: SCHEDULES.Yandex, domain: 'yandex.ru' },
    pool: pool('178.154.239', 'forward{network}{host}a.mail.yandex.net', { networks: 4, stay: 0.2 }),
  }),
  people({
    ...{ name: 'QQ', share: 0.5, schedule: SCHEDULES.QQ, domain: 'qq.com' },
    pool: pool('203.205.221', 'out{a}-{b}-{c}-{d}.mail.qq.com', { networks: 8, stay: 0.2 }),
  }),
  people({
    ...{ name: 'three webmails on nobody’s list', share: 3 },
    pool: pool('23.2.0', 'smtp{network}{host}.webmail-{region}.example', {
      ...{ regions: 3, networks: 4, stay: 0.2 },
    }),
  }),
];

const THREE = { networks: 3, stay: 0.4 };

const HOSTERS = [
  people({ name: 'IONOS', share: 1.5, pool: pool('212.227.126', 'mout.kundenserver.de', THREE) }),
  people({ name: 'OVH', share: 1, pool: pool('178.33.45', '{host}.mo5{network}0.mail-out.ovh.net', THREE) }),
  people({
    ...{ name: 'STRATO', share: 1 },
    pool: pool('81.169.146', 'mo4-p0{network}{host}-ob.smtp.rzone.de', THREE),
  }),
  people({
    ...{ name: '35 small hosters', share: 3.5 },
    pool: pool('23.10.0', 'out{network}{host}.mail.hoster-{region}.example', { ...THREE, regions: 35 }),
  }),
  people({
    ...{ name: 'a hoster on nobody’s list', share: 3 },
    pool: pool('23.20.0', 'relay{network}{host}.hoster-large.example', { networks: 6, stay: 0.2 }),
  }),
];

const SERVICES = [
  service({
    ...{ name: 'SES', share: 9, schedule: SCHEDULES.SES, sender: SENDER_FORMS.ses },
    pool: pool('54.240.8', 'a{c}-{d}.smtp-out.eu-west-1.amazonses.com', { networks: 3, stay: 0.6 }),
  }),
  service({
    ...{ name: 'SendGrid', share: 5, schedule: SCHEDULES.SendGrid, sender: SENDER_FORMS.sendgrid },
    pool: pool('149.72.40', 'wrqv{network}z{host}.outbound-mail.sendgrid.net', { networks: 20, stay: 0.1 }),
  }),
  service({
    ...{ name: 'SendGrid, own addresses', share: 2, isDedicated: true },
    ...{ schedule: SCHEDULES.SendGrid, sender: SENDER_FORMS.sendgrid },
    pool: pool('25.0.0', 'o{network}{host}.em', { networks: 2, hostsPerNetwork: 2, stay: 0.5 }),
  }),
  service({
    ...{ name: 'Mailgun', share: 2, schedule: SCHEDULES.Mailgun, sender: SENDER_FORMS.mailgun },
    pool: pool('69.72.32', 'm{c}-{d}.mailgun.net', { networks: 8, stay: 0.1 }),
  }),
  service({
    ...{ name: 'Mandrill', share: 3, schedule: SCHEDULES.Mandrill, sender: SENDER_FORMS.mandrill },
    pool: pool('198.2.128', 'mail{c}-{d}.suw31.mandrillapp.com', { networks: 6, stay: 0.1 }),
  }),
  service({
    ...{ name: 'Momentum', share: 2, schedule: SCHEDULES.Momentum, sender: SENDER_FORMS.momentum },
    pool: pool('23.40.0', 'mta{network}{host}.out.service-momentum.example', { networks: 8, stay: 0.1 }),
  }),
  service({
    ...{ name: 'a service on nobody’s list', share: 3, schedule: SCHEDULES.PowerMTA },
    sender: SENDER_FORMS.numbered,
    pool: pool('23.30.0', 'mta{network}{host}.send.service-large.example', { networks: 8, stay: 0.1 }),
  }),
];

const SINGLE: Platform = { name: 'single hosts', share: 14, sends: 'people', sender: SENDER_FORMS.person };

export const PLATFORMS: readonly Platform[] = [...LARGE, ...WEBMAIL, ...HOSTERS, ...SERVICES, SINGLE];
