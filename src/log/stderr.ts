/**
 * The log on standard error: plain lines without a prefix.
 */
import { createWriteStream, fstatSync, type Stats } from 'node:fs';
import { Socket } from 'node:net';
import { LineWriter, type LogSink } from './sink.ts';

const STDERR = 2;

export function stderrSink(): LogSink {
  const writer = isPipe(fstatSync(STDERR)) ? pipeWriter() : fileWriter();
  return { write: (line) => writer.write(line), close: () => writer.finish() };
}

/** Writes to a pipe: systemd's journal, or another program. */
function pipeWriter(): LineWriter {
  let wasOpened = false;
  return new LineWriter(() => {
    // A broken pipe stays broken.
    if (wasOpened) return undefined;
    wasOpened = true;
    return new Socket({ fd: STDERR, readable: false });
  });
}

/** Writes to a file or a terminal: a full disk may have room again later. */
function fileWriter(): LineWriter {
  return new LineWriter(() => createWriteStream('', { fd: STDERR, autoClose: false }));
}

function isPipe(stat: Stats): boolean {
  return stat.isFIFO() || stat.isSocket();
}
