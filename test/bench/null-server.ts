/**
 * A policy server that answers DUNNO to everything without a look at it: what Node.js and the network
 * cost by themselves. `node null-server.js PORT`.
 */
import { createServer } from 'node:net';

const END_OF_REQUEST = Buffer.from('\n\n');

createServer({ noDelay: true }, (socket) => {
  socket.on('data', (chunk) => {
    // Clients of this benchmark send one request at a time.
    if (chunk.subarray(-END_OF_REQUEST.length).equals(END_OF_REQUEST)) socket.write('action=DUNNO\n\n');
  });
  socket.on('error', () => {});
}).listen(Number(process.argv[2]), '127.0.0.1', 4096);
