/**
 * The names of bots: hosts of a provider's customers, or of somebody who does not know what else his server sends.
 *
 *   none    no confirmed name
 *   line    says that it is a line, and mostly its address
 *   plain   neither: only its provider's domain tells where it stands
 *   mail    as a mail host has it: half of them at a provider, in one domain with others, half in a company's own domain
 */
import { anyAddress, type Host } from './hosts.ts';
import { newDomain } from './organizations.ts';
import { below, digits, pick, pickByShare, type Random, word } from './random.ts';
import type { World } from './world.ts';

export type BotName = 'none' | 'line' | 'plain' | 'mail';

/** First octets of their addresses. */
const BOT_NETWORKS = [77, 79, 83, 88, 91, 95, 109, 151, 176, 187, 189, 190, 201];

export function newBot(world: World, random: Random): Host {
  const address = anyAddress(BOT_NETWORKS, random);
  const name = FORMS[pickByShare(world.botNames, random)];
  return {
    address,
    name: name(address, `provider-${providerName(below(world.providers, random))}.example`, random),
  };
}

const FORMS: Record<BotName, (address: string, provider: string, random: Random) => string> = {
  none: () => 'unknown',
  line: (address, provider, random) => pick(LINES, random)(address, provider),
  plain: (_address, provider, random) =>
    `${word(3, random)}.${random() < 0.5 ? `${pick(CITIES, random)}.` : ''}${provider}`,
  mail: (_address, provider, random) => {
    const first = pick(['mail', 'smtp', 'mx', 'relay', 'mta'], random);
    return random() < 0.5 ? `${first}${digits(2, random)}.${provider}` : `${first}.${newDomain(random)}`;
  },
};

const CITIES = ['aarhus', 'bologna', 'cordoba', 'dresden', 'evora', 'firenze', 'gdansk', 'haarlem'];

const LINES: readonly ((address: string, provider: string) => string)[] = [
  (address, provider) => `dsl-${address.replaceAll('.', '-')}.dyn.${provider}`,
  (address, provider) => `${address}.adsl.${provider}`,
  (address, provider) => `p${hexOf(address)}.dip0.${provider}`,
  (address, provider) => `cpe-${address.split('.').reverse().join('-')}.cable.${provider}`,
  (address, provider) => `host-${address.replaceAll('.', '-')}.${provider}`,
  (address, provider) => `${address.split('.').reverse().join('.')}.pool.${provider}`,
  (address, provider) => `mobile-${address.replaceAll('.', '-')}.${provider}`,
];

function hexOf(address: string): string {
  return address
    .split('.')
    .map((octet) => Number(octet).toString(16).padStart(2, '0'))
    .join('');
}

/** Letters, so that no rule takes them for a number. */
function providerName(n: number): string {
  return String.fromCharCode(97 + Math.floor(n / 26), 97 + (n % 26));
}
