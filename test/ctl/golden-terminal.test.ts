/**
 * Golden tests of greyctl on a terminal: tables, bars and colours, and progress that leaves nothing behind.
 */
import { describe, expect, onTestFinished, test } from 'vitest';
import { canRun } from '../support/requirements.ts';
import { runStep } from '../support/transcript.ts';
import { describeGolden } from './golden-cases.ts';
import { WORLD_NEEDS, World } from './golden-world.ts';

const onTerminal = (...lines: readonly string[]) => lines.map((line) => ({ onTerminal: line }));

const MAIL =
  'client_address=192.0.2.1 client_name=mail.example.net sender=alice@example.net recipient=bob@example.org';

describeGolden({
  terminal: {
    list: onTerminal(
      'greyctl list --defaults=default',
      'greyctl list --defaults=default clients --order=count',
      'greyctl list --defaults=default sender=nobody@example.net',
      'greyctl list --defaults=default --json clients',
    ),
    search: onTerminal('greyctl search --defaults=default 192.0.2'),
    show: onTerminal(
      'greyctl show --defaults=default client_address=192.0.2.10 sender=alice@example.net recipient=bob@example.org',
    ),
    explain: onTerminal(
      `greyctl explain --defaults=default ${MAIL}`,
      `greyctl explain --defaults=default --delay=30 ${MAIL}`,
    ),
    stats: onTerminal(
      'greyctl stats --defaults=default --hours=6 --days=4',
      'greyctl stats --dbdir=empty --hours=2',
    ),
    top: onTerminal('greyctl top --defaults=default', 'greyctl top --defaults=default recipients networks'),
    'other zone': onTerminal('TZ=Europe/Berlin greyctl stats --defaults=default --hours=2 --days=2'),
    'no colours': [
      ...onTerminal(
        'NO_COLOR=1 greyctl list --defaults=default',
        `NO_COLOR=1 greyctl explain --defaults=default ${MAIL}`,
        'greyctl list --defaults=default clients | cat',
      ),
    ],
    // The output goes elsewhere: only progress is on the terminal, and is erased.
    progress: onTerminal(
      'greyctl stats --defaults=default --hours=0 --days=0 2>&1 >/dev/null | cat',
      'greyctl stats --defaults=default > file',
      'greyctl import --defaults=default - < postgrey.dump',
    ),
    pass: onTerminal('greyctl pass --defaults=default recipient=bob@example.org'),
    help: onTerminal('greyctl list --help | head -3', 'greyctl frobnicate'),
  },
});

describe.skipIf(!canRun('progress on a terminal', { programs: WORLD_NEEDS }))('progress', () => {
  test('is shown where the output is not, and erased', async () => {
    const world = await World.make();
    onTestFinished(() => world.remove());
    const step = { onTerminal: 'greyctl list --defaults=default --order=newest > list' };
    const { stdout } = await runStep(step, world.shell());
    const erase = '\r\u001b[K';
    expect(stdout).toBe(`${erase}10 records${erase}`);
  });
});
