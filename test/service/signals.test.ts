/**
 * The effect of each signal, as in SIGNALS of greyd(8): those without a meaning to greyd change nothing, and none
 * opens the debugger of Node.js.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { Daemon, temporaryDirectory } from '../support/daemon.ts';
import { GREYCTL } from '../support/greyctl.ts';
import { scriptWords } from '../support/script-words.ts';

/** Faults, those that nobody can catch, and those by which a shell stops and continues what it has started. */
const OTHERS = [
  'ABRT',
  'IOT',
  'SEGV',
  'BUS',
  'ILL',
  'FPE',
  'TRAP',
  'SYS',
  'KILL',
  'STOP',
  'TSTP',
  'TTIN',
  'TTOU',
];
const ENDING = ['TERM', 'INT', 'QUIT'];
const HARMLESS = Object.keys(constants.signals)
  .map((name) => name.slice(3))
  .filter((name) => ![...OTHERS, ...ENDING].includes(name));

/** Where the debugger listens, on 127.0.0.1. */
const DEBUGGER_PORT = 9229;

function isDebuggerOpen(): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(DEBUGGER_PORT, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}

describe('one greyd, signal after signal', () => {
  let daemon: Daemon;
  let kill = async () => {};

  beforeAll(async () => {
    const dbdir = mkdtempSync(join(tmpdir(), 'greyd-test-'));
    daemon = await Daemon.start([], {
      dbdir,
      atEnd: (end) => {
        kill = async () => {
          await end();
          rmSync(dbdir, { recursive: true });
        };
      },
    });
  });

  afterAll(() => kill());

  test.each(HARMLESS)('SIG%s does no harm, and opens no debugger', async (name) => {
    for (let times = 0; times < 3; times += 1) {
      daemon.kill(`SIG${name}` as NodeJS.Signals);
      // Its answer comes after the signal, which has a turn of the event loop of its own.
      expect(await daemon.ask({ sender: `s${times}@${name}.example` })).toMatch(/^DEFER_IF_PERMIT /);
      expect(await isDebuggerOpen()).toBe(false);
    }
    expect(daemon.log).not.toContain('Debugger');
  });

  test('and it ends in good order', async () => {
    expect(await daemon.stop()).toEqual({ status: 0, signal: null });
  });
});

test.each(ENDING)('SIG%s ends it in good order', async (name) => {
  const daemon = await Daemon.start();
  await daemon.ask();
  expect(await daemon.stop(`SIG${name}` as NodeJS.Signals)).toEqual({ status: 0, signal: null });
  expect(daemon.log).toContain(`SIG${name} received: stopping after `);
});

test('one that means nothing is told by name', async () => {
  const daemon = await Daemon.start();
  daemon.kill('SIGUSR1');
  await daemon.logged(/^ignoring SIGUSR1: it has no meaning to greyd$/m);
});

test('SIGUSR1 while Node.js itself starts leaves no debugger open for more than a moment', async () => {
  let served = 0;
  for (let delayMs = 10; delayMs < 100; delayMs += 10) {
    const daemon = Daemon.launch();
    const timer = setTimeout(() => daemon.kill('SIGUSR1'), delayMs);
    // In its first milliseconds a process has the default of every signal, which is to end.
    const serves = await daemon.serving().then(
      () => true,
      () => false,
    );
    clearTimeout(timer);
    if (!serves) continue;
    served += 1;
    expect(await daemon.ask()).toMatch(/^DEFER_IF_PERMIT /);
    await expect.poll(isDebuggerOpen, { timeout: 5000 }).toBe(false);
    await daemon.stop('SIGKILL');
  }
  expect(served).toBeGreaterThan(0);
});

test('greyctl opens no debugger either', async () => {
  // The program reads to the end of its input, which does not come.
  const words = [...scriptWords(GREYCTL), 'import', `--dbdir=${temporaryDirectory()}`, '-'];
  const child = spawn(process.execPath, words, { stdio: ['pipe', 'ignore', 'pipe'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  await once(child, 'spawn');
  // greyd sets this name after it has caught its signals.
  while (!readFileSync(`/proc/${child.pid}/cmdline`, 'latin1').startsWith('greyctl'))
    await new Promise((resolve) => setImmediate(resolve));
  for (let times = 0; times < 20; times += 1) {
    child.kill('SIGUSR1');
    expect(await isDebuggerOpen()).toBe(false);
  }
  const ended = once(child, 'exit');
  child.stdin.end();
  await ended;
  expect(said).not.toContain('Debugger');
});
