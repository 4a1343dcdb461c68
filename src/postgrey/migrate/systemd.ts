/**
 * Services under systemd: a service unit, and its socket unit if there is one. Both are stopped and started
 * together: a connection to the socket would start the service again.
 */
import { run, succeed } from './programs.ts';
import type { Service, ServiceManager } from './service.ts';

export interface UnitState {
  readonly name: string;
  readonly isActive: boolean;
  /** The unit is about to be active, maybe forever, so that nothing can wait for that. */
  readonly isActivating: boolean;
  readonly isEnabled: boolean;
}

export const systemd: ServiceManager = {
  hasSocketUnits: true,
  async find(name) {
    const service = await activeStateOf(`${name}.service`);
    if (service === undefined) return undefined;
    const socket = await activeStateOf(`${name}.socket`);
    return systemdService(socket === undefined ? [service] : [socket, service]);
  },
  logCommand: (name) => `journalctl -u ${name}`,
};

/** Has systemd reload its unit files. */
export async function reloadUnits(): Promise<void> {
  await succeed(['systemctl', 'daemon-reload']);
}

/**
 * Returns a property of a unit, as systemctl show prints it; empty if not set.
 * @throws (rejects) if systemd does not answer
 */
export async function unitProperty(unit: string, name: string): Promise<string> {
  return (await succeed(['systemctl', 'show', `--property=${name}`, '--value', unit])).trim();
}

/** Tells whether a unit runs, or is started at boot. */
export async function isUnitOn(unit: string): Promise<boolean> {
  const state = await activeStateOf(unit);
  return state !== undefined && (state.isActive || state.isEnabled);
}

async function activeStateOf(name: string): Promise<UnitState | undefined> {
  const text = await succeed(['systemctl', 'show', '--property=LoadState,ActiveState', name]);
  const properties = new Map(text.split('\n').map((line) => line.split('=', 2) as [string, string]));
  if (properties.get('LoadState') === 'not-found') return undefined;
  const activity = properties.get('ActiveState') ?? '';
  return {
    name,
    isActive: ['active', 'reloading'].includes(activity),
    isActivating: activity === 'activating',
    isEnabled: await isEnabled(name),
  };
}

/** Calls systemctl is-enabled, which for a unit that wraps an init script checks the links of that script. */
async function isEnabled(name: string): Promise<boolean> {
  return (await run(['systemctl', 'is-enabled', name])).stdout.trim() === 'enabled';
}

function systemdService(units: readonly UnitState[]): Service {
  const names = units.map(({ name }) => name);
  return {
    wasActive: units.some(({ isActive, isActivating }) => isActive || isActivating),
    wasEnabled: units.some(({ isEnabled }) => isEnabled),
    async start(signal) {
      await run(['systemctl', 'reset-failed', ...names]);
      await succeed(['systemctl', 'start', ...names], { signal });
    },
    async stop() {
      await succeed(['systemctl', 'stop', ...names]);
    },
    async setEnabled(isEnabled) {
      await succeed(['systemctl', isEnabled ? 'enable' : 'disable', ...names]);
    },
    async restoreActivity() {
      await succeed(['systemctl', 'stop', ...names]);
      await run(['systemctl', 'reset-failed', ...names]);
      const active = units.filter((unit) => unit.isActive).map(({ name }) => name);
      const activating = units.filter((unit) => unit.isActivating).map(({ name }) => name);
      if (active.length > 0) await succeed(['systemctl', 'start', ...active]);
      if (activating.length > 0) await succeed(['systemctl', 'start', '--no-block', ...activating]);
    },
    async restoreEnablement() {
      for (const { name, isEnabled: wasEnabled } of units) {
        if ((await isEnabled(name)) !== wasEnabled)
          await succeed(['systemctl', wasEnabled ? 'enable' : 'disable', name]);
      }
    },
  };
}
