/**
 * The thread of a CheckpointThread: a connection of its own, and a checkpoint for each message.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { errorText } from '../../errors/text.ts';
import { type CheckpointReply, type CheckpointSettings, END } from './checkpoint-thread.ts';
import { checkpoint, errorCode, openSqliteFileToCheckpoint, type SqliteFile } from './file.ts';
import { FileIdentity } from './file-identity.ts';

const { path, files } = workerData as CheckpointSettings;
const identity = new FileIdentity(files);
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
    file ??= openSqliteFileToCheckpoint(path, () => identity.check());
    return { pages: checkpoint(file) };
  } catch (error) {
    // A failure to open the file here is no error of the file, which is open already.
    const code = file === undefined ? '' : errorCode(error);
    return { error: errorText(error), code };
  }
}
