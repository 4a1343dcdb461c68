/**
 * The lines of an SMTP session, for tests.
 */

export interface Exchange {
  readonly command: string;
  /** The last line of the reply, which in a reply of one line is all of it. */
  readonly reply: string;
}

export class SmtpSession {
  readonly exchanges: readonly Exchange[];

  /** @param lines all lines of all replies, the greeting first */
  constructor(commands: readonly string[], lines: readonly string[]) {
    const [, ...replies] = lines.filter(isLastLine);
    this.exchanges = commands.map((command, index) => ({ command, reply: replies[index] ?? '' }));
  }

  /** The replies to one verb: to RCPT one for each recipient, in the order in which they were named. */
  replies(verb: string): string[] {
    return this.exchanges.filter(({ command }) => command.startsWith(verb)).map(({ reply }) => reply);
  }

  /** Postfix's name for the mail. Fails if it was not accepted. */
  get queueId(): string {
    for (const { reply } of this.exchanges) {
      const id = /^250 2\.0\.0 Ok: queued as (\w+)$/.exec(reply)?.[1];
      if (id !== undefined) return id;
    }
    throw new Error(`no mail was accepted: ${JSON.stringify(this.exchanges, undefined, 2)}`);
  }
}

/** `250-...` has more lines to come, `250 ...` has not. */
export const isLastLine = (line: string): boolean => /^\d{3} /.test(line);
