/**
 * Bounds the answers of a server: greyd asks for small values, and a server that is no Redis, or has something
 * huge under a
 * key of greyd's, must not fill the memory. The library reads an answer whole, however large it is, also to its own
 * pings, and hides its sockets; Node.js publishes each new one (diagnostics_channel, net.client.socket).
 * Each is watched by itself, and one with too large an answer is closed with an error, which the library passes on.
 *
 * Known limits: an announced size of up to 16 MB is believed, so that a list of five million values that never come
 * takes 40 MB. Beneath TLS the bytes are counted as they come, encrypted, and checked each LOOK_MS. The
 * sockets of a Cluster with TLS are not published, and not watched.
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import { AnswerSize } from './answer-size.ts';

/** A group of records and their keys has less than one MB. */
export const MAX_ANSWER_BYTES = 16 * 1024 * 1024;

const ANSWER_LOOK_MS = 20;

const CHANNEL = 'net.client.socket';

/**
 * The sockets that are watched, so that each is watched once: several watchers may wait for new ones at a time.
 */
const watched = new WeakSet<Socket>();

/**
 * Watches each new socket of this thread, without TLS.
 * @returns stops watching for new ones; the known ones stay watched
 */
export function watchNewSockets(): () => void {
  const note = (message: unknown) => watch((message as { socket: Socket }).socket);
  subscribe(CHANNEL, note);
  return () => void unsubscribe(CHANNEL, note);
}

function watch(socket: Socket): void {
  if (watched.has(socket)) return;
  watched.add(socket);
  const size = new AnswerSize();
  // The library listens as soon as it is connected, before anything can be read.
  socket.on('data', (chunk: Buffer) => {
    if (size.add(chunk) > MAX_ANSWER_BYTES) closeSocket(socket);
  });
}

/**
 * Watches a socket beneath TLS, where only bytes can be counted.
 * @returns to be called when a command was answered
 */
export function watchEncrypted(socket: Socket): () => void {
  let answered = 0;
  const looks = setInterval(() => {
    if (socket.bytesRead - answered > MAX_ANSWER_BYTES) closeSocket(socket);
  }, ANSWER_LOOK_MS).unref();
  socket.once('close', () => clearInterval(looks));
  return () => {
    answered = socket.bytesRead;
  };
}

function closeSocket(socket: Socket): void {
  socket.destroy(new Error(`an answer of more than ${MAX_ANSWER_BYTES / 1024 ** 2} MB`));
}
