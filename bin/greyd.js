#!/usr/bin/env -S node --max-semi-space-size=4
// What requests leave behind is collected in space of 4 MB; with the 16 of Node.js 20 greyd is 20 MB larger, under
// random inputs with the 32 of Node.js 24 100 MB, and no faster.
import { start } from './start.js';

// A reload that comes before the daemon has read its whitelists must not end it.
start('greyd', ['SIGHUP', 'SIGUSR1', 'SIGUSR2']);
