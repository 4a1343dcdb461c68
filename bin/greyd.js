#!/usr/bin/env -S node --max-semi-space-size=4
// Garbage of requests is collected in a space of 4 MB; with the 16 of Node.js 20 greyd is 20 MB larger, under
// random inputs with the 32 of Node.js 24 100 MB, and no faster.
import { existsSync } from 'node:fs';

// A reload before the daemon has read its whitelists must not end it, nor a signal without a meaning to it. At
// SIGUSR1 Node.js would open its debugger to every local user.
for (const signal of ['SIGHUP', 'SIGUSR1', 'SIGUSR2']) process.on(signal, () => {});

const main = new URL('../dist/greyd.js', import.meta.url);
if (!existsSync(main)) {
  console.error('greyd: not built yet, run: npm ci && npm run build');
  process.exit(2);
}
await import(main.href);
