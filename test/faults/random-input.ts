/**
 * Inputs for test/faults/random-input.test.ts, made from a seed: requests that something happened to on
 * the way, and noise.
 *
 * One input is what a client might send for one request, whatever became of it, and
 *
 *   a typed input   ends with `request=smtpd_access_policy` and the only empty line in it, so that greyd
 *                   must see one request in it, and answer it with some action
 *   an open input   has whole lines and no empty one, so that greyd takes it for the beginning of the
 *                   request that the next typed input ends
 *   a wild input    is sent as it is: greyd may see no request in it, or several, or close the connection
 *
 * Inputs are text of which each character is one byte (Latin-1).
 */

export type Random = (below: number) => number;

/** Numbers from 0 on, the same for the same seed (xorshift, 32 bits). */
export function randomNumbers(seed: number): Random {
  let state = (seed ^ 0x9e3779b9) | 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

const NAMES = [
  'mail.example.net',
  'unknown',
  'dsl-1-2-3-4.example',
  'mx.example.com',
  `${'a.'.repeat(100)}a`,
  'MÄIL',
];
const LOCAL_PARTS = ['alice', 'prvs=1a2b3c4d5e=bob', 'list-1-2+tag', '', 'a/b', "'; DROP TABLE triplets; --"];
const VALUES = [
  '',
  '%s%n%r',
  '../..',
  '$(reboot)',
  '\0',
  '\xff\xfe',
  '\x1b[2J',
  '=',
  '1e999',
  '-1',
  'a=b',
  '::1',
];
const LINES = [
  '__proto__=x',
  'constructor=x',
  'etrn_domain',
  '=',
  '=x',
  'policy_test_time=9',
  '\r',
  'request=junk',
];
const BREAKS = ['\n', '\n', '\n', '\r\n', '\r', ''];

/** One input in this many holds a line of up to MAX_LONG_LINE bytes. */
const ONE_LONG_IN = 500;
const MAX_LONG_LINE = 64 * 1024;

export class RandomInputs {
  readonly #random: Random;
  /** The requests before, for those that are spliced. */
  #previous = '';

  constructor(random: Random) {
    this.#random = random;
  }

  typed(): string {
    return `${this.open()}request=smtpd_access_policy\n\n`;
  }

  open(): string {
    // CR LF ends a line like LF.
    return `${this.wild()}\n`.replace(/^(?:\r?\n)+/, '').replace(/\n(?:\r?\n)+/g, '\n');
  }

  wild(): string {
    const input = this.#mutated(this.#request());
    return this.#random(ONE_LONG_IN) === 0 ? this.#withLongLine(input) : input;
  }

  #request(): string {
    const random = this.#random;
    const attributes = [
      'request=smtpd_access_policy',
      'protocol_state=RCPT',
      `client_address=192.0.${random(4)}.${random(256)}`,
      `client_name=${this.#oneOf(NAMES)}`,
      `helo_name=${this.#oneOf(NAMES)}`,
      `sender=${this.#oneOf(LOCAL_PARTS)}@n${random(1000)}.example`,
      `recipient=${this.#oneOf(LOCAL_PARTS)}@example.org`,
      `instance=${random(65536).toString(16)}.${random(65536)}`,
      'etrn_domain=',
    ];
    return `${attributes.join('\n')}\n\n`;
  }

  #mutated(request: string): string {
    const random = this.#random;
    const [from, to] = [random(request.length), random(request.length)].sort((a, b) => a - b) as [
      number,
      number,
    ];
    const previous = this.#previous;
    this.#previous = request;
    switch (random(9)) {
      case 0: // some bytes are others
        return Array.from({ length: 1 + random(8) }).reduce<string>((text) => {
          const at = random(text.length);
          return text.slice(0, at) + String.fromCharCode(random(256)) + text.slice(at + 1);
        }, request);
      case 1: // a part is missing
        return request.slice(0, from) + request.slice(to);
      case 2: // a part comes twice
        return request.slice(0, to) + request.slice(from);
      case 3: // the end is missing
        return request.slice(0, to);
      case 4: // it goes on as the one before
        return request.slice(0, from) + previous.slice(random(previous.length + 1));
      case 5: // another order
        return request
          .split('\n')
          .sort(() => random(2) - 0.5)
          .join('\n');
      case 6: // another value
        return request.replace(/=[^\n]*/g, (value) => (random(6) === 0 ? `=${this.#oneOf(VALUES)}` : value));
      case 7: // other lines between
        return request.replace(/\n/g, () =>
          random(8) === 0 ? `\n${this.#oneOf(LINES)}${this.#oneOf(BREAKS)}` : '\n',
        );
      default: // no request at all
        return this.#noise(random(200));
    }
  }

  #noise(length: number): string {
    let noise = '';
    while (noise.length < length) noise += String.fromCharCode(this.#random(256));
    return noise;
  }

  #withLongLine(input: string): string {
    const at = this.#random(input.length + 1);
    const head = this.#oneOf(['', 'sender=', 'recipient=', 'x=', '\n']);
    const tail = this.#oneOf(BREAKS);
    return input.slice(0, at) + head + 'x'.repeat(this.#random(MAX_LONG_LINE)) + tail + input.slice(at);
  }

  #oneOf(texts: readonly string[]): string {
    return texts[this.#random(texts.length)] ?? '';
  }
}
