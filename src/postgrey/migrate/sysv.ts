/**
 * Services under the init scripts of SysV (service(8), update-rc.d(8)).
 *
 *   /etc/init.d/NAME            the script
 *   /etc/rcN.d/SnnNAME          a link: it is started at boot
 */
import { existsSync, readdirSync } from 'node:fs';
import { run, succeed } from './programs.ts';
import type { Service, ServiceManager } from './service.ts';

/** The run levels in which Debian starts services. */
const RUN_LEVELS = [2, 3, 4, 5];

export const sysv: ServiceManager = {
  hasSocketUnits: false,
  async find(name) {
    if (!existsSync(`/etc/init.d/${name}`)) return undefined;
    return sysvService(name, await isServiceRunning(name), isEnabledAtBoot(name));
  },
  logCommand: () => 'grep postgrey /var/log/mail.log',
};

async function isServiceRunning(name: string): Promise<boolean> {
  return (await run(['service', name, 'status'])).status === 0;
}

function isEnabledAtBoot(name: string): boolean {
  const links = RUN_LEVELS.map((level) => `/etc/rc${level}.d`)
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder));
  return links.some((link) => link.startsWith('S') && link.slice(3) === name);
}

function sysvService(name: string, wasActive: boolean, wasEnabled: boolean): Service {
  const start = async (signal?: AbortSignal) =>
    void (await succeed(['service', name, 'start'], signal && { signal }));
  // The init script of Debian's postgrey fails if postgrey is not running.
  const stop = async () => {
    if (await isServiceRunning(name)) await succeed(['service', name, 'stop']);
  };
  const setEnabled = async (enabled: boolean) => {
    if (isEnabledAtBoot(name) !== enabled)
      await succeed(['update-rc.d', name, enabled ? 'enable' : 'disable']);
  };
  return {
    wasActive,
    wasEnabled,
    start,
    stop,
    setEnabled,
    async restoreActivity() {
      await stop();
      if (wasActive) await start();
    },
    restoreEnablement: () => setEnabled(wasEnabled),
  };
}
