/**
 * Asks a policy daemon one request over its socket, as Postfix would.
 */
import { once } from 'node:events';
import { connect, type NetConnectOpts, type Socket } from 'node:net';

/** An answer is a line; what is longer is none. */
const MAX_ANSWER = 64 * 1024;

/**
 * Asks one request, on a connection of its own.
 * @returns the action
 * @throws (rejects) with the reason if there is none in time
 */
export async function ask(target: NetConnectOpts, request: string, timeoutMs: number): Promise<string> {
  const socket = connect(target);
  const timer = setTimeout(
    () => socket.destroy(new Error(`no answer within ${timeoutMs / 1000} s`)),
    timeoutMs,
  );
  try {
    await once(socket, 'connect');
    socket.write(request);
    return await actionFrom(socket);
  } finally {
    clearTimeout(timer);
    socket.destroy();
  }
}

/** reply :== "action=" action LF LF */
async function actionFrom(socket: Socket): Promise<string> {
  let text = '';
  socket.setEncoding('utf8');
  for await (const chunk of socket) {
    text += String(chunk);
    const [, action] = /^action=(.*)\n\n/.exec(text) ?? [];
    if (action !== undefined) return action;
    if (text.length > MAX_ANSWER || /\n\n/.test(text)) throw new Error('it answers in no policy protocol');
  }
  throw new Error('it closed the connection without an answer');
}
