/**
 * Standard error as the place of the log: plain lines with nothing before them.
 *
 * A pipe or socket (systemd's journal, another program) is written to without ever waiting for its
 * reader, and in one piece for all lines of a turn. What the reader has not taken is bounded by
 * MAX_WAITING_BYTES, beyond which lines are dropped; if it goes away, lines are lost, mail is not.
 */
import { fstatSync } from 'node:fs';
import { Socket } from 'node:net';
import { fileSink, type LogSink } from './logger.ts';

const STDERR = 2;
const MAX_WAITING_BYTES = 8 * 1024 * 1024;

export function stderrSink(): LogSink {
  const stat = fstatSync(STDERR);
  return stat.isFIFO() || stat.isSocket()
    ? pipeSink(new Socket({ fd: STDERR, readable: false }))
    : fileSink(STDERR);
}

function pipeSink(pipe: Socket): LogSink {
  let lines = '';
  pipe.on('error', () => {});
  const flush = () => {
    if (lines !== '') pipe.write(lines);
    lines = '';
  };
  return {
    write(line) {
      if (pipe.destroyed || pipe.writableLength + lines.length > MAX_WAITING_BYTES) return;
      if (lines === '') setImmediate(flush);
      lines += `${line}\n`;
    },
    async close() {
      flush();
      if (!pipe.destroyed) await new Promise((resolve) => pipe.write('', resolve));
    },
  };
}
