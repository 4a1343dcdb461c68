/**
 * postgrey and greyd with the same options, asked the same requests at the same time.
 */
import { isDeepStrictEqual } from 'node:util';
import { type Link, NO_ANSWER } from './link.ts';
import { linesByRequest, plainLines } from './log-lines.ts';
import type { Profile } from './profiles.ts';
import { NAMES, type Name, Program } from './program.ts';
import { isPolicyRequest, type TestRequest, wireText } from './request.ts';

/** The result of one program for a request. */
export interface Outcome {
  /** An action, or CLOSED or NO_ANSWER. */
  readonly answer: string;
  /** The logged lines, in the form of log-lines. */
  readonly lines: readonly string[];
}

export interface Exchange {
  readonly request: TestRequest;
  readonly postgrey: Outcome;
  readonly greyd: Outcome;
}

type Of<Value> = Readonly<Record<Name, Value>>;

export class Pair {
  readonly profile: Profile;
  readonly programs: Of<Program>;
  readonly #links: Of<Link>;

  private constructor(profile: Profile, postgrey: Program, greyd: Program) {
    this.profile = profile;
    this.programs = { postgrey, greyd };
    this.#links = { postgrey: postgrey.link(), greyd: greyd.link() };
  }

  /** Starts both; they are killed when the test has ended. */
  static async start(profile: Profile): Promise<Pair> {
    const [postgrey, greyd] = await Promise.all(NAMES.map((name) => Program.start(name, profile)));
    if (postgrey === undefined || greyd === undefined) throw new Error('a program is missing');
    return new Pair(profile, postgrey, greyd);
  }

  get hasEnded(): boolean {
    return NAMES.some((name) => this.programs[name].hasEnded);
  }

  /** Asks both one request after the other, and waits until both have logged all of them. */
  async talk(requests: readonly TestRequest[]): Promise<Exchange[]> {
    const answers: Of<string>[] = [];
    for (const request of requests) answers.push(await this.#ask(request));
    const lines = await both(async (name) => {
      const link = this.#links[name];
      const before = await this.programs[name].linesUntilNow(link);
      if (this.profile.options.exim) link.close();
      return linesByRequest(plainLines(name, before), requests.length);
    });
    return requests.map((request, index) => {
      const outcome = (name: Name): Outcome => ({
        answer: answers[index]?.[name] ?? NO_ANSWER,
        lines: lines[name][index] ?? [],
      });
      return { request, postgrey: outcome('postgrey'), greyd: outcome('greyd') };
    });
  }

  /** Ends both, so that all they know is in their databases. */
  async stop(): Promise<void> {
    const exits = await both((name) => this.programs[name].stop());
    const well = { status: 0, signal: null };
    if (!isDeepStrictEqual(exits, { postgrey: well, greyd: well })) {
      throw new Error(`they did not end well: ${JSON.stringify(exits)}`);
    }
  }

  #ask(request: TestRequest): Promise<Of<string>> {
    const bytes = wireText(request);
    const isAnswered = isPolicyRequest(request);
    return both(async (name) => {
      const link = this.#links[name];
      if (request.onNewConnection) link.close();
      if (!isAnswered && name === 'postgrey') {
        // A silent program shows at the next request, whose answer would be another.
        link.send(bytes);
        return NO_ANSWER;
      }
      const answer = await link.ask(bytes);
      // Two that are silent agree on nothing.
      if (isAnswered && answer === NO_ANSWER) throw new Error(`${name} does not answer:\n${bytes}`);
      if (!this.profile.options.exim || (await link.ended())) return answer;
      return `${answer} (and the connection stays open)`;
    });
  }
}

async function both<Value>(of: (name: Name) => Promise<Value>): Promise<Of<Value>> {
  const [postgrey, greyd] = await Promise.all([of('postgrey'), of('greyd')]);
  return { postgrey, greyd };
}
