/**
 * Ports for servers whose address stands in a configuration file before they listen.
 *
 * Each test process has its own, below those that the system hands out by itself (32768 and up on
 * Linux), so that nobody takes a port between its choice and its use.
 */
import { once } from 'node:events';
import { createServer } from 'node:net';
import { networkInterfaces } from 'node:os';

/** Tells whether ::1 is there to listen on. */
export const HAS_IPV6 = Object.values(networkInterfaces()).some((addresses) =>
  addresses?.some(({ address }) => address === '::1'),
);

const LOOPBACK = HAS_IPV6 ? ['127.0.0.1', '::1'] : ['127.0.0.1'];

/** Processes that start one after the other have ports far apart: some need more than are meant for one. */
const SPREAD = 617;

/** Another port on which nobody listens, neither on 127.0.0.1 nor on ::1. */
export const freePort = portsFrom({ first: 20_000, perProcess: 10, processes: 1000 });

/** The same, for those who need many: the servers of a shared store. */
export const freeServerPort = portsFrom({ first: 10_000, perProcess: 100, processes: 100 });

function portsFrom({ first, perProcess, processes }: Record<'first' | 'perProcess' | 'processes', number>) {
  let next = first + ((process.pid * SPREAD) % processes) * perProcess;
  return async (): Promise<number> => {
    for (;;) {
      const port = next;
      next += 1;
      if (await isFree(port)) return port;
    }
  };
}

async function isFree(port: number): Promise<boolean> {
  for (const host of LOOPBACK) {
    const server = createServer();
    try {
      server.listen({ port, host });
      await once(server, 'listening');
    } catch {
      return false;
    } finally {
      server.close();
    }
  }
  return true;
}
