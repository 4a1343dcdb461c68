/**
 * The thread of a CheckpointThread: a connection of its own, and a checkpoint for each message.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { type CheckpointReply, type CheckpointSettings, END } from './checkpoint-thread.ts';
import { checkpoint, errorCode, openSqliteFileToCheckpoint, type SqliteFile } from './sqlite-file.ts';

const { path, identity } = workerData as CheckpointSettings;
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
    file ??= openSqliteFileToCheckpoint(path, identity);
    return checkpoint(file);
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error), code: errorCode(error) };
  }
}
