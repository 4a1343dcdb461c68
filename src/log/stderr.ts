/**
 * Standard error as the place of the log: plain lines with nothing before them.
 */
import { createWriteStream, fstatSync, type Stats } from 'node:fs';
import { Socket } from 'node:net';
import { LineWriter, type LogSink } from './sink.ts';

const STDERR = 2;

export function stderrSink(): LogSink {
  const writer = isPipe(fstatSync(STDERR)) ? pipeWriter() : fileWriter();
  return { write: (line) => writer.write(line), close: () => writer.finish() };
}

/** To systemd's journal, or another program. */
function pipeWriter(): LineWriter {
  let wasOpened = false;
  return new LineWriter(() => {
    // A pipe that broke stays broken.
    if (wasOpened) return undefined;
    wasOpened = true;
    return new Socket({ fd: STDERR, readable: false });
  });
}

/** To a file or a terminal: a disk that was full may have room again later. */
function fileWriter(): LineWriter {
  return new LineWriter(() => createWriteStream('', { fd: STDERR, autoClose: false }));
}

function isPipe(stat: Stats): boolean {
  return stat.isFIFO() || stat.isSocket();
}
