/**
 * A request as the suite sends it to both programs. Its texts are bytes, a character for each
 * (Latin-1), so that one can see what goes over the wire.
 */
import { isUtf8 } from 'node:buffer';

/** Names and values are cut to this many bytes by both programs. */
const MAX_FIELD_BYTES = 512;

export type Field = 'request' | 'client_address' | 'client_name' | 'sender' | 'recipient' | 'instance';

export interface TestRequest {
  /** Unix seconds. */
  readonly time: number;
  /** Lines before the attributes. */
  readonly lines: readonly string[];
  /** In the order in which they are sent. */
  readonly attributes: Readonly<Record<string, string>>;
  readonly lineEnd: '\n' | '\r\n';
  readonly onNewConnection: boolean;
}

export function wireText({ time, lines, attributes, lineEnd }: TestRequest): string {
  const pairs = Object.entries({ ...attributes, policy_test_time: time });
  return [...lines, ...pairs.map(([name, value]) => `${name}=${value}`), ''].map((l) => l + lineEnd).join('');
}

/** A value as the programs take it; undefined if it is not there. */
export function fieldOf({ attributes }: TestRequest, name: string): string | undefined {
  return attributes[name]?.slice(0, MAX_FIELD_BYTES);
}

/** Postfix's kind of request; others are not answered by postgrey. */
export function isPolicyRequest(request: TestRequest): boolean {
  return fieldOf(request, 'request') === 'smtpd_access_policy';
}

/** Text as the bytes of its UTF-8. */
export function utf8(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

/** The text that greyd takes bytes for: UTF-8, else Latin-1. */
export function decoded(bytes: string): string {
  const buffer = Buffer.from(bytes, 'latin1');
  return isUtf8(buffer) ? buffer.toString('utf8') : bytes;
}
