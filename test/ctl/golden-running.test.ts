/**
 * greyctl beside a greyd that runs, by golden files: what it is asked, and what pass and forget change for it. Both have
 * the same clock, which stands still.
 */
import { createServer } from 'node:net';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { Daemon } from '../support/daemon.ts';
import { stoppedClock } from '../support/fake-time.ts';
import type { ShellSettings } from '../support/transcript.ts';
import { type Around, describeGolden } from './golden-cases.ts';
import { NOW } from './golden-world.ts';

const MAIL = 'client_address=192.0.2.1 sender=alice@example.net recipient=bob@example.org';
const ASK = `greyctl query unix:socket ${MAIL}`;

describeGolden(
  {
    query: {
      plain: [
        `greyctl query $GREYD ${MAIL}`,
        ASK,
        `greyctl query inet:$GREYD ${MAIL}`,
        "greyctl query unix:socket client_address=192.0.2.1 'sender=<>' recipient=bob@example.org",
        `greyctl query unix:hostile ${MAIL}`,
      ],
      json: [`greyctl query --json unix:socket ${MAIL}`, 'greyctl query --json --check unix:socket'],
      check: [
        'greyctl query --check $GREYD',
        'greyctl query --check unix:socket',
        `greyctl query --check unix:socket ${MAIL}`,
        'greyctl query --check unix:nobody',
        'greyctl query --check 127.0.0.1:1',
        'greyctl query --check --json unix:nobody',
        'greyctl query --check --timeout=1 unix:silent',
        'greyctl query --check unix:nonsense',
        'greyctl query --check unix:hostile',
        'greyctl query --check unix:closing',
      ],
      'not found': ['unix:nobody', 'unix:nonsense', 'unix:closing', '--timeout=1 unix:silent'].map(
        (place) => `greyctl query ${place} ${MAIL}`,
      ),
      'usage error': [
        'greyctl query',
        `greyctl query ${MAIL}`,
        'greyctl query unix:socket',
        'greyctl query unix:socket client_address=192.0.2.1',
        `greyctl query unix:socket alice@example.net`,
        `greyctl query --check --timeout=soon unix:socket`,
      ],
    },
    running: {
      'pass and forget': [
        ASK,
        `greyctl explain --defaults=default ${MAIL}`,
        `greyctl pass --defaults=default ${MAIL}`,
        ASK,
        `greyctl forget --defaults=default ${MAIL}`,
        ASK,
        'greyctl pass --defaults=default sender=@example.net',
        ASK,
        'greyctl check --defaults=default',
        'greyctl backup --defaults=default copy.db',
      ],
    },
  },
  { around: runGreyd },
);

async function runGreyd({ cwd }: ShellSettings): Promise<Around> {
  const clock = Object.entries(stoppedClock(NOW)).map(([name, value]) => `${name}=${value}`);
  const daemon = await Daemon.start(
    [`--unix=${join(cwd, 'socket')}`, '--greylist-text=come again in %s seconds'],
    {
      dbdir: join(cwd, 'db'),
      listen: ['--inet=127.0.0.1:0'],
      launcher: ['env', ...clock],
    },
  );
  await Promise.all([
    answer(join(cwd, 'silent'), undefined),
    answer(join(cwd, 'nonsense'), '220 mx.example.org ESMTP\r\n\n\n'),
    answer(join(cwd, 'hostile'), 'action=DUNNO \u001b[2J\u202e\n\n'),
    answer(join(cwd, 'closing'), ''),
  ]);
  return { env: { GREYD: `127.0.0.1:${daemon.port}` } };
}

/** A server that says the same to everybody, and hangs up if it has nothing to say; undefined: it says nothing at all. */
function answer(path: string, text: string | undefined): Promise<void> {
  const server = createServer((socket) => {
    socket.on('error', () => {}).resume();
    if (text !== undefined) socket.end(text);
    onEnd.push(() => socket.destroy());
  });
  const onEnd: (() => void)[] = [];
  onTestFinished(() => {
    for (const end of onEnd) end();
    server.close();
  });
  return new Promise((resolve) => server.listen(path, resolve));
}
