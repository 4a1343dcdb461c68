import { expect, test } from 'vitest';
import { hasOtherOptions } from '../../../src/postgrey/migrate/postgrey-installation.ts';

const shown = (command: string) =>
  `{ path=/usr/sbin/postgrey ; argv[]=/usr/sbin/postgrey ${command} ; ignore_errors=no ; start_time=[n/a] }`;
const TEXT = `--greylist-text=$\{POSTGREY_TEXT}`;

test.each([
  ['', false],
  [shown(`$POSTGREY_OPTS ${TEXT}`), false],
  [shown(`--pidfile=/run/postgrey.pid --daemonize $POSTGREY_OPTS ${TEXT}`), false],
  // systemd makes such a unit of an init script.
  ['{ path=/etc/init.d/postgrey ; argv[]=/etc/init.d/postgrey start ; ignore_errors=no ; pid=0 }', false],
  [shown(`$POSTGREY_OPTS --delay=42 ${TEXT}`), true],
  [shown('$POSTGREY_OPTS --greylist-text=Later'), true],
  [shown(`--inet=10023 ${TEXT}`), true],
])('%s has options that POSTGREY_OPTS does not have: %s', (execStart, expected) => {
  expect(hasOtherOptions(execStart)).toBe(expected);
});
