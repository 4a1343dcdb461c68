/**
 * A steady load from a process of its own, for a network that is not that of the tests: from its start until its input
 * ends. It prints a line when greyd is under its load, and at the end what became of the requests, as JSON.
 */
import { once } from 'node:events';
import { SteadyLoad } from '../support/steady-load.ts';

const load = new SteadyLoad({ port: 60000, requestsPerSecond: 200, connections: 20 });
await load.progress(200);
console.log('running');
await once(process.stdin.resume(), 'end');
await load.progress(200);
await load.stop();
const { actions, refused, reopened } = load;
const unanswered = actions.filter(([, action]) => action === undefined).length;
console.log(JSON.stringify({ requests: actions.length, refused, reopened, unanswered }));
