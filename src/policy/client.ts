/**
 * Sends one request to a policy daemon over its socket, as Postfix does.
 */
import { once } from 'node:events';
import { connect, type NetConnectOpts, type Socket } from 'node:net';

/** Attributes of a policy request, by name. */
export type Attributes = ReadonlyMap<string, string>;

/** The longest answer that is read, in characters. */
const MAX_ANSWER = 64 * 1024;

/**
 * Sends one request on a connection of its own.
 * @returns the action
 * @throws (rejects) with the reason if no answer comes in time
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
    if (text.length > MAX_ANSWER || /\n\n/.test(text))
      throw new Error('not a policy server (unexpected reply)');
  }
  throw new Error('connection closed without an answer');
}

/** Attributes that Postfix always sends, with their defaults here. */
const IMPLIED = [
  ['request', 'smtpd_access_policy'],
  ['protocol_state', 'RCPT'],
  ['client_name', 'unknown'],
  ['etrn_domain', ''],
] as const;

/** @param attributes in the order in which they are sent, after the implied ones */
export function policyText(attributes: Attributes): string {
  const all = new Map<string, string>([...IMPLIED, ...attributes]);
  const sender = all.get('sender');
  // The null sender is written <> by people, and sent as an empty value.
  if (sender === '<>') all.set('sender', '');
  return `${[...all].map(([name, value]) => `${name}=${value}\n`).join('')}\n`;
}
