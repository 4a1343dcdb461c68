/**
 * What both programs do before anything else of theirs is loaded. It is written for every Node.js that knows ES modules,
 * so that an old one gets a sentence and no stack trace.
 */
import { existsSync } from 'node:fs';

const NEEDED = 20;

/**
 * Loads a program, or says in one line why not and exits with status 2.
 * @param name greyd or greyctl
 * @param signals do nothing until the program handles them. SIGUSR1 is one of them, at which Node.js opens its debugger
 *   to every local user.
 */
export function start(name, signals) {
  for (const signal of signals) process.on(signal, () => {});
  if (Number.parseInt(process.versions.node, 10) < NEEDED) {
    refuse(name, `Node.js ${NEEDED} or newer is needed, and this is ${process.version}`);
  }
  const main = new URL(`../dist/${name}.js`, import.meta.url);
  if (!existsSync(main)) refuse(name, 'not built yet, run: npm ci && npm run build');
  import(main.href).catch((error) => {
    if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error;
    refuse(name, `${error.message.split('\n')[0].split(' imported from ')[0]}; run: npm ci && npm run build`);
  });
}

function refuse(name, reason) {
  console.error(`${name}: ${reason}`);
  process.exit(2);
}
