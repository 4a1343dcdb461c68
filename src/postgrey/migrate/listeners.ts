/**
 * Finds the sockets on which greyd listened before a migration. main.cf may name them already, so they are kept where
 * possible.
 */
import { endpointName, type InetEndpoint } from '../../server/endpoint.ts';
import type { GivenOption } from './given-options.ts';
import { GREYD } from './places.ts';
import type { Service, ServiceManager } from './service.ts';
import {
  inetOf,
  inetOfUnit,
  inetOptions,
  othersOf,
  type Socket,
  socketsOf,
  unixOf,
  unixOfUnit,
} from './sockets.ts';
import { isUnitOn, unitProperty } from './systemd.ts';

export interface FormerListeners {
  /** Endpoints on which greyd keeps listening. */
  readonly kept: readonly InetEndpoint[];
  /** Names of the sockets that it loses, for messages. */
  readonly lost: readonly string[];
}

/**
 * @param options the former options of greyd
 * @param sockets those that it takes over from postgrey
 */
export async function formerListeners(
  { hasSocketUnits }: ServiceManager,
  greyd: Service,
  options: readonly GivenOption[],
  sockets: readonly Socket[],
): Promise<FormerListeners> {
  const own = greyd.wasActive || greyd.wasEnabled ? options : [];
  const ofUnit = hasSocketUnits ? await listenOfUnit() : '';
  const inet = await socketsOf([...inetOfUnit(ofUnit), ...inetOptions(own)]);
  const others = othersOf(inetOf(inet), sockets);
  const paths = own.flatMap(({ name, value }) => (name === '--unix' && value ? [value] : []));
  const taken = unixOf(sockets)?.path;
  const unix = [...new Set([...unixOfUnit(ofUnit), ...paths])].filter((path) => path !== taken);
  // A socket unit has one mode and one owner for all its unix sockets; without one there is one --inet.
  if (hasSocketUnits) return { kept: others, lost: unix };
  return { kept: [], lost: [...others.map(endpointName), ...unix] };
}

/** Returns the sockets that systemd opens for greyd; none if greyd.socket is off. */
async function listenOfUnit(): Promise<string> {
  const unit = `${GREYD.service}.socket`;
  return (await isUnitOn(unit)) ? unitProperty(unit, 'Listen') : '';
}
