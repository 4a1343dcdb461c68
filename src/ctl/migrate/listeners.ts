/**
 * Where greyd itself was asked before a migration. main.cf may name that already, so that it goes on to be asked there
 * where that can be.
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
  /** greyd goes on to serve there. */
  readonly kept: readonly InetEndpoint[];
  /** It does not, for messages. */
  readonly lost: readonly string[];
}

/**
 * @param options of greyd until now
 * @param sockets that it is to have in the place of postgrey
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

/** What systemd opens for greyd, unless it is not to. */
async function listenOfUnit(): Promise<string> {
  const unit = `${GREYD.service}.socket`;
  return (await isUnitOn(unit)) ? unitProperty(unit, 'Listen') : '';
}
