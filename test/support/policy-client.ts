/**
 * The client's side of the policy protocol, as simple as it can be.
 */
import { once } from 'node:events';
import { connect, type NetConnectOpts, type Socket } from 'node:net';
import { WakeUp } from './wake-up.ts';

export type Attributes = Readonly<Record<string, string | number | undefined>>;

/** A whole request as Postfix 3.7 sends it, about an ordinary mail. */
export const POSTFIX_REQUEST: Attributes = {
  request: 'smtpd_access_policy',
  protocol_state: 'RCPT',
  protocol_name: 'ESMTP',
  client_address: '192.0.2.1',
  client_name: 'mail.example.net',
  client_port: 51234,
  reverse_client_name: 'mail.example.net',
  server_address: '198.51.100.25',
  server_port: 25,
  helo_name: 'mail.example.net',
  sender: 'alice@example.net',
  recipient: 'bob@example.org',
  recipient_count: 0,
  queue_id: '',
  instance: '1a2b.65f0c3d1.4e5f6.0',
  size: 4711,
  etrn_domain: '',
  stress: '',
  sasl_method: '',
  sasl_username: '',
  sasl_sender: '',
  ccert_subject: '',
  ccert_issuer: '',
  ccert_fingerprint: '',
  ccert_pubkey_fingerprint: '',
  encryption_protocol: 'TLSv1.3',
  encryption_cipher: 'TLS_AES_256_GCM_SHA384',
  encryption_keysize: 256,
  policy_context: '',
};

/** The bytes of a request: POSTFIX_REQUEST with changes; undefined leaves an attribute out. */
export function requestText(changes: Attributes = {}): string {
  const attributes = Object.entries({ ...POSTFIX_REQUEST, ...changes }).filter(
    ([, value]) => value !== undefined,
  );
  return `${attributes.map(([name, value]) => `${name}=${value}\n`).join('')}\n`;
}

/** One connection. Answers are read in order. */
export class PolicyClient {
  readonly socket: Socket;
  readonly #changed = new WakeUp();
  #received = '';

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.setEncoding('utf8').on('data', (text) => {
      this.#received += text;
      this.#changed.now();
    });
    socket.on('end', () => this.#changed.now());
    socket.on('close', () => this.#changed.now());
    socket.on('error', () => {});
  }

  static async connect(where: NetConnectOpts): Promise<PolicyClient> {
    const socket = connect({ noDelay: true, ...where });
    const client = new PolicyClient(socket);
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    return client;
  }

  send(bytes: string | Buffer): void {
    this.socket.write(bytes);
  }

  /** The next action, or undefined if the connection ends before it. */
  async reply(): Promise<string | undefined> {
    for (;;) {
      const end = this.#received.indexOf('\n\n');
      if (end !== -1) {
        const reply = this.#received.slice(0, end);
        this.#received = this.#received.slice(end + 2);
        if (!reply.startsWith('action=')) throw new Error(`no policy reply: ${JSON.stringify(reply)}`);
        return reply.slice('action='.length);
      }
      if (this.socket.closed || this.socket.readableEnded) return undefined;
      await this.#changed.wait();
    }
  }

  /** Sends POSTFIX_REQUEST with changes and waits for the action. */
  async ask(changes: Attributes = {}): Promise<string> {
    this.send(requestText(changes));
    const action = await this.reply();
    if (action === undefined) throw new Error('the connection was closed without an answer');
    return action;
  }

  /** Waits until the other side has closed the connection. */
  async closed(): Promise<void> {
    if (!this.socket.closed) await once(this.socket, 'close');
  }

  close(): void {
    this.socket.destroy();
  }
}
