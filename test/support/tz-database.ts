/**
 * The tz database of this host, without which greyd has the zones of Node.js.
 */
import { canRun } from './requirements.ts';

export const HAS_TZ_DATABASE = canRun('tests of time zones', {
  programs: ['date'],
  commands: ['[ -e /usr/share/zoneinfo/Europe/Berlin ]', '[ -e /etc/localtime ]'],
});
