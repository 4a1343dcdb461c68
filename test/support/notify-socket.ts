/**
 * The socket of a service manager (sd_notify(3)), with a few lines of Python behind it: Node.js has no
 * datagram sockets of this family, and socat(1) keeps open what systemd-notify(1) waits to see closed.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { temporaryDirectory } from './daemon.ts';
import { WakeUp } from './wake-up.ts';

/** Prints a line when it listens, and then every message. */
const RECEIVER = `
import socket, sys
notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
notify.bind(sys.argv[1].replace("@", "\\0", 1))
print("listening", flush=True)
while True:
    print(notify.recv(4096).decode(), flush=True)
`;

export class NotifySocket {
  /** For NOTIFY_SOCKET. */
  readonly address: string;
  #received = '';
  readonly #changed = new WakeUp();

  private constructor(address: string) {
    this.address = address;
    const receiver = spawn('python3', ['-c', RECEIVER, address], { stdio: ['ignore', 'pipe', 'inherit'] });
    receiver.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.#received += text;
      this.#changed.now();
    });
    onTestFinished(() => void receiver.kill());
  }

  static async open(kind: 'path' | 'abstract'): Promise<NotifySocket> {
    const path = join(temporaryDirectory(), 'notify');
    const socket = new NotifySocket(kind === 'path' ? path : `@${path}`);
    await socket.received('listening');
    return socket;
  }

  /** All that has come. */
  get text(): string {
    return this.#received;
  }

  /** Waits until a message has come so often. */
  async received(message: string, times = 1): Promise<void> {
    while (this.#received.split(message).length <= times) await this.#changed.wait();
  }
}
