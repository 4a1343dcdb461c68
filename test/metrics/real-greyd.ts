/**
 * A real greyd with --metrics, as Prometheus sees it.
 */
import { Daemon, type DaemonSettings } from '../support/daemon.ts';

export class MeasuredGreyd {
  readonly daemon: Daemon;
  readonly #url: string;

  private constructor(daemon: Daemon, url: string) {
    this.daemon = daemon;
    this.#url = url;
  }

  static async start(args: readonly string[] = [], settings: DaemonSettings = {}): Promise<MeasuredGreyd> {
    const daemon = await Daemon.start(['--metrics=127.0.0.1:0', ...args], settings);
    const [, where] = await daemon.logged(/metrics on (127\.0\.0\.1:\d+)$/m);
    return new MeasuredGreyd(daemon, `http://${where}`);
  }

  async get(path: string): Promise<{ status: number; text: string }> {
    const response = await fetch(this.#url + path);
    return { status: response.status, text: await response.text() };
  }

  /** The page as it is sent. */
  async page(): Promise<string> {
    const { status, text } = await this.get('/metrics');
    if (status !== 200) throw new Error(`/metrics: ${status} ${text}`);
    return text;
  }

  /** The values of all samples by their names and labels, as they stand there. */
  async samples(): Promise<ReadonlyMap<string, number>> {
    const lines = (await this.page()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    return new Map(
      lines.map((line) => {
        const end = line.lastIndexOf(' ');
        return [line.slice(0, end), Number(line.slice(end + 1))];
      }),
    );
  }
}
