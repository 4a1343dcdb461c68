/**
 * Two million random inputs to one running daemon. It must not crash, must answer every well-formed
 * request, and must answer it rightly: those that come behind random ones on the same connection, and
 * those on connections beside. Its memory is bounded, and its log is text.
 *
 * A single input is described in random-input.ts. Each connection brings REQUESTS times an open input and a
 * typed one, and a well-formed request right behind them, all in one piece; when these are answered, a
 * wild input, and its end. Many do so at the same time, and one asks well-formed requests beside them.
 *
 *   GREYD_RANDOM_INPUTS   how many (2,000,000)
 *   GREYD_FAULT_SEED      another number, other inputs; it is printed
 */
import { createReadStream, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Daemon, temporaryDirectory } from '../support/daemon.ts';
import { PolicyClient, requestText } from '../support/policy-client.ts';
import { RandomInputs, randomNumbers } from './random-input.ts';

const INPUTS = Number(process.env.GREYD_RANDOM_INPUTS ?? 2_000_000);
const SEED = Number(process.env.GREYD_FAULT_SEED ?? Date.now() % 2 ** 31);

/** Requests that are made of random inputs on one connection, two for each. */
const REQUESTS = 100;
const INPUTS_PER_CONNECTION = 2 * REQUESTS + 1;
/** Connections that bring random inputs at the same time. */
const CONNECTIONS = 64;
const MAX_MEMORY_MB = 250;

const WHITELISTS = {
  clients: '/^dsl-/\n/(a+)+$/\n/^(([a-z])+.)+[0-9]([a-z])+$/\nexample.com\n192.0.3.128/25\n',
  recipients: 'friend@\n/^list-[0-9]+.*@/\n',
};

/** The possible answers to a random request. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are not to be there
const ACTION = /^(DUNNO|DEFER_IF_PERMIT (4\.2\.0 )?for [^\x00-\x1f\x7f]*)$/;

let asked = 0;

/** A request that Postfix might send, about a mail of its own, and what the answer must be. */
function wellFormed(): { text: string; answer: string } {
  asked += 1;
  const isWhitelisted = asked % 3 === 0;
  const recipient = `${isWhitelisted ? 'friend' : 'bob'}@n${asked}.example.org`;
  return {
    text: requestText({ recipient, client_address: '198.51.100.1', client_name: 'mx.example.net' }),
    answer: isWhitelisted ? 'DUNNO' : `DEFER_IF_PERMIT 4.2.0 for n${asked}.example.org`,
  };
}

/** Longer than the test, so that no mail has waited for long enough. */
const DELAY = '--delay=36000';

/** A daemon that logs to a file. */
async function startDaemon() {
  const folder = temporaryDirectory();
  const [path, log] = [join(folder, 'socket'), join(folder, 'log')];
  const whitelists = Object.entries(WHITELISTS).map(([name, text]) => {
    writeFileSync(join(folder, name), text);
    return `--whitelist-${name}=${join(folder, name)}`;
  });
  const daemon = Daemon.launch([DELAY, '--greylist-text=for %r', ...whitelists], {
    listen: [`--unix=${path}`],
    launcher: ['sh', '-c', 'exec "$@" 2>"$0"', log],
  });
  let hasEnded = false;
  void daemon.exited.then(() => {
    hasEnded = true;
  });
  const connect = async (): Promise<PolicyClient> => {
    for (;;) {
      if (hasEnded)
        throw new Error(`greyd has ended; its log ends with ${readFileSync(log).subarray(-2000)}`);
      const client = await PolicyClient.connect({ path }).catch(() => undefined);
      if (client !== undefined) return client;
    }
  };
  (await connect()).close();
  return { daemon, connect, log };
}

function peakMemoryMb(pid: number): number {
  const [, kilobytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1')) ?? [];
  return Number(kilobytes) / 1024;
}

/** One connection full of random inputs. */
async function bring(client: PolicyClient, inputs: RandomInputs): Promise<void> {
  const requests = Array.from({ length: REQUESTS }, () => inputs.open() + inputs.typed());
  const { text, answer } = wellFormed();
  client.socket.write(requests.join('') + text, 'latin1');
  for (const request of requests) {
    const action = await client.reply();
    if (!ACTION.test(action ?? '')) throw new Error(`answered ${action}: ${JSON.stringify(request)}`);
  }
  const action = await client.reply();
  if (action !== answer)
    throw new Error(`${action} in place of ${answer}, behind ${JSON.stringify(requests)}`);
  client.socket.end(inputs.wild(), 'latin1');
  await client.closed();
}

/** The first lines of a log that hold what no log line may, or tell of what must not happen. */
async function wrongLines(log: string): Promise<string[]> {
  const wrong: string[] = [];
  let rest = '';
  for await (const chunk of createReadStream(log, 'utf8')) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    wrong.push(...lines.filter((line) => /\p{Cc}|^(internal error|store failed)/u.test(line)));
    if (wrong.length > 10) break;
  }
  return wrong;
}

test(`${INPUTS} random inputs, seed ${SEED}`, { timeout: 600_000 }, async () => {
  const { daemon, connect, log } = await startDaemon();
  const inputs = new RandomInputs(randomNumbers(SEED));
  const begin = performance.now();
  let brought = 0;
  let besides = 0;

  const bringAll = async () => {
    while (brought < INPUTS) {
      brought += INPUTS_PER_CONNECTION;
      await bring(await connect(), inputs);
    }
  };
  const askBeside = async () => {
    const client = await connect();
    for (; brought < INPUTS; besides += 1) {
      const { text, answer } = wellFormed();
      client.send(text);
      expect(await client.reply()).toBe(answer);
    }
    client.close();
  };
  await Promise.all([...Array.from({ length: CONNECTIONS }, bringAll), askBeside()]);

  const seconds = (performance.now() - begin) / 1000;
  const memory = peakMemoryMb(daemon.pid);
  console.info(
    `random input: ${brought} inputs in ${seconds.toFixed(0)} s, ${asked} well-formed requests answered, ${besides} of them beside; peak memory ${memory.toFixed(0)} MB, seed ${SEED}`,
  );
  expect(memory).toBeLessThan(MAX_MEMORY_MB);
  expect(await daemon.stop()).toEqual({ status: 0, signal: null });
  expect(await wrongLines(log)).toEqual([]);
});
