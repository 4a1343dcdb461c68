/**
 * Whole connections: the answers are the same, whatever the pieces in which the bytes come.
 */
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import type { RawRequest } from '../../src/policy/attributes.ts';
import { Connection } from '../../src/server/connection.ts';
import { temporaryDirectory } from '../support/daemon.ts';
import { inputs } from '../support/fuzz.ts';
import { streamInPieces } from '../support/request-bytes.ts';

const eventLoopTurn = () => new Promise((resolve) => setImmediate(resolve));

/** All that a request says, as its answer; one that names another type closes the connection. */
async function echo({ attributes, garbage, garbageLines }: RawRequest): Promise<string | undefined> {
  // As the store does, this lets other events come in between.
  await eventLoopTurn();
  const type = attributes.request;
  if (type !== undefined && type.length % 2 === 1) return undefined;
  return JSON.stringify([Object.entries(attributes), garbage, garbageLines]);
}

/** A server that answers with `echo`. @returns its path, and the lengths of the requests that came in part */
async function startEcho(closeAfterAnswer: boolean) {
  const path = join(temporaryDirectory(), 'socket');
  const unfinished: number[] = [];
  const settings = {
    answer: echo,
    closeAfterAnswer,
    requestBounds: { maxBytes: 1024 * 1024, maxAttributes: 1000 },
    uptime: () => performance.now(),
    onUnfinished: (bytes: number) => void unfinished.push(bytes),
  };
  const server = createServer(
    { allowHalfOpen: true, pauseOnConnect: true },
    (socket) => void new Connection({ socket, isOutgoing: false }, settings, () => {}),
  );
  onTestFinished(() => void server.close());
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return { path, unfinished };
}

/** Sends the pieces, each in a turn of the event loop of its own, and reads until the server closes. */
async function converse(path: string, pieces: readonly Buffer[]): Promise<string> {
  const socket = connect(path);
  let received = '';
  socket.setEncoding('utf8').on('data', (text) => {
    received += text;
  });
  // The server may close before it has taken all that is sent.
  socket.on('error', () => {});
  const closed = new Promise((resolve) => socket.once('close', resolve));
  // What is written before would come in one piece.
  await new Promise((resolve) => socket.once('connect', resolve));
  for (const piece of pieces) {
    if (piece.length > 0) socket.write(piece);
    await eventLoopTurn();
  }
  socket.end();
  await closed;
  return received;
}

test.each([false, true])(
  'any bytes, in any pieces; closing after an answer: %s',
  async (closeAfterAnswer) => {
    const { path, unfinished } = await startEcho(closeAfterAnswer);
    await fc.assert(
      fc.asyncProperty(streamInPieces, async (pieces) => {
        const whole = await converse(path, [Buffer.concat(pieces)]);
        const before = unfinished.splice(0);
        expect(await converse(path, pieces)).toBe(whole);
        expect(unfinished.splice(0)).toEqual(before);
      }),
      { numRuns: inputs(300) },
    );
  },
);
