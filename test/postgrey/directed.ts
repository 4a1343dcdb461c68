/**
 * Single requests to either program, for tests that say themselves what is to come.
 */
import { START } from './conversation.ts';
import { CLOSED } from './link.ts';
import { NAMES, type Name, Program, type ProgramSettings } from './program.ts';
import { type TestRequest, wireText } from './request.ts';

export type Changes = Readonly<Record<string, string | undefined>>;

/** An ordinary request so many seconds after START; undefined leaves an attribute out. */
export function request(seconds: number, changes: Changes = {}): TestRequest {
  const all: Changes = {
    request: 'smtpd_access_policy',
    client_address: '192.0.2.1',
    client_name: 'mail.example.net',
    sender: 'alice@example.net',
    recipient: 'bob@example.org',
    instance: `${seconds}`,
    ...changes,
  };
  const attributes = Object.fromEntries(
    Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
  return { time: START + seconds, lines: [], attributes, lineEnd: '\n', onNewConnection: false };
}

/** Asks on a connection of its own. @returns the action or what stands in its place */
export async function ask(program: Program, seconds: number, changes: Changes = {}): Promise<string> {
  const link = program.link();
  const answer = await link.ask(wireText(request(seconds, changes)));
  link.close();
  return answer;
}

/** The first word of an answer: GREYLISTED, `DUNNO`, `PREPEND`. */
export async function verdict(program: Program, seconds: number, changes: Changes = {}): Promise<string> {
  return (await ask(program, seconds, changes)).split(' ')[0] ?? '';
}

export const GREYLISTED = 'DEFER_IF_PERMIT';

export type OfBoth<Value> = Readonly<Record<Name, Value>>;

/** The same with both programs, at the same time. */
export async function withBoth<Value>(act: (name: Name) => Promise<Value>): Promise<OfBoth<Value>> {
  const [postgrey, greyd] = await Promise.all(NAMES.map(act));
  return { postgrey, greyd } as OfBoth<Value>;
}

export function startBoth(settings: Partial<ProgramSettings> = {}): Promise<OfBoth<Program>> {
  return withBoth((name) => Program.start(name, { args: [], ...settings }));
}

/** `starts`, or the exit status. */
export type Start = 'starts' | number | null;

/**
 * Tells whether both start with these words, which may have PORT in them. Only an answer shows that a program has
 * started: either one listens before it has opened its database. This one needs no record.
 */
export function startsOf(...args: readonly string[]): Promise<OfBoth<Start>> {
  return withBoth(async (name) => {
    const listen = args.some((word) => word.includes('PORT')) ? 'none' : 'inet';
    const program = await Program.launch(name, { args, listen });
    if (!(await program.isListening())) return (await program.exited).status;
    const answer = await ask(program, 0, { client_address: undefined });
    return answer === CLOSED ? (await program.exited).status : 'starts';
  });
}
