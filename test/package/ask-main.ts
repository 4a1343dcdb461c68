/**
 * Policy requests from a process of its own, for a network that is not that of the tests: asks the daemon on a socket
 * (an argument, JSON as net.connect() takes it) the requests of its input (JSON, attributes by name), one after the
 * other, and prints their answers as JSON.
 */
import { text } from 'node:stream/consumers';
import { type Attributes, PolicyClient } from '../support/policy-client.ts';

const [, , place = ''] = process.argv;
const requests = JSON.parse(await text(process.stdin)) as Attributes[];
const client = await PolicyClient.connect(JSON.parse(place));
const answers: (string | undefined)[] = [];
for (const request of requests) {
  const lines = Object.entries({ request: 'smtpd_access_policy', ...request });
  client.send(`${lines.map(([name, value]) => `${name}=${value}\n`).join('')}\n`);
  answers.push(await client.reply());
}
client.close();
console.log(JSON.stringify(answers));
