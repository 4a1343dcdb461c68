#!/usr/bin/env node
import { existsSync } from 'node:fs';

const main = new URL('../dist/greyctl.js', import.meta.url);
if (!existsSync(main)) {
  console.error('greyctl: not built yet, run: npm ci && npm run build');
  process.exit(2);
}
await import(main.href);
