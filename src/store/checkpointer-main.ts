/**
 * The thread of a Checkpointer: a connection of its own, and a checkpoint for each message.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { type CheckpointReply, END } from './checkpointer.ts';
import { checkpoint, openSqliteFileToCheckpoint, type SqliteFile } from './sqlite-file.ts';

let file: SqliteFile | undefined;

parentPort?.on('message', (message: unknown) => {
  if (message === END) {
    file?.close();
    parentPort?.close();
    return;
  }
  parentPort?.postMessage(reply());
});

function reply(): CheckpointReply {
  try {
    file ??= openSqliteFileToCheckpoint(workerData as string);
    return { pages: checkpoint(file) };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}
