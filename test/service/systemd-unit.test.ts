/**
 * The unit and the file of options that are installed with greyd.
 */
import { execFileSync } from 'node:child_process';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseOptions } from '../../src/options/daemon.ts';
import { temporaryDirectory } from '../support/daemon.ts';
import { canRun } from '../support/requirements.ts';

const UNIT = readFileSync('systemd/greyd.service', 'utf8');
const SURROUNDINGS = { version: '0', hostname: 'mx', inherited: [] };

/** POSTGREY_OPTS as words, as systemd and a shell split them, and POSTGREY_TEXT. */
function optionsOf(file: string): { words: string[]; text: string } {
  const script = `. "$0"; printf '%s\\n' $POSTGREY_OPTS; printf '%s' "$POSTGREY_TEXT" >&3`;
  const text = join(temporaryDirectory(), 'text');
  const words = execFileSync('sh', ['-c', `{ ${script}; } 3>"$1"`, file, text], { encoding: 'utf8' });
  return { words: words.trim().split('\n'), text: readFileSync(text, 'utf8') };
}

test('etc/default/greyd holds options that greyd understands', () => {
  const { words, text } = optionsOf('./etc/default/greyd');
  const options = parseOptions([...words, `--greylist-text=${text}`], SURROUNDINGS);
  expect(options).toMatchObject({
    endpoints: [{ kind: 'inet', host: '127.0.0.1', port: 60000 }],
    delay: 300,
    maxAge: 35 * 86400,
    greylistText: 'Greylisted, see http://postgrey.schweikert.ch/help/%r.html',
    warnings: [],
  });
});

describe('greyd.service', () => {
  test('hands the options over as postgrey.service does', () => {
    expect(UNIT).toMatch(/^EnvironmentFile=-\/etc\/default\/greyd$/m);
    expect(UNIT).toMatch(
      /^ExecStart=\/usr\/sbin\/greyd \$POSTGREY_OPTS --greylist-text=\$\{POSTGREY_TEXT\}$/m,
    );
  });

  test('starts before Postfix, logs as postgrey, and is not restarted after a usage error', () => {
    const lines = [
      'StartLimitIntervalSec=0',
      'Restart=on-failure',
      'RestartPreventExitStatus=2',
      'SyslogIdentifier=postgrey',
      'SyslogFacility=mail',
      'User=greyd',
    ];
    expect(lines.filter((line) => !UNIT.split('\n').includes(line))).toEqual([]);
    expect(UNIT).toMatch(/^Before=postfix\.service/m);
  });

  const systemdAnalyze = canRun('unit tests', { programs: ['systemd-analyze'] });

  test.skipIf(!systemdAnalyze)('is exposed at most 1.5 of 10, as systemd sees it', () => {
    // The threshold counts tenths; beyond it the exit status is 1.
    const args = ['security', '--offline=true', '--threshold=15', '--no-pager', 'systemd/greyd.service'];
    expect(execFileSync('systemd-analyze', args, { encoding: 'utf8' })).toMatch(
      /Overall exposure level for greyd.service: [01]\.\d/,
    );
  });

  test.skipIf(!systemdAnalyze)('is valid, and so is greyd.socket', () => {
    const folder = temporaryDirectory();
    const path = join(folder, 'greyd.service');
    const socket = join(folder, 'greyd.socket');
    copyFileSync('systemd/greyd.socket', socket);
    // The program need not be installed for the rest to be checked.
    writeFileSync(path, UNIT.replace('/usr/sbin/greyd', '/bin/true'));
    const verify = execFileSync(
      'sh',
      ['-c', 'systemd-analyze verify --man=no "$0" "$1" 2>&1', path, socket],
      {
        encoding: 'utf8',
      },
    );
    expect(verify).toBe('');
  });
});
