/**
 * A store thread that does what the sender of a visit says, to see what becomes of the others.
 */
import { parentPort, workerData } from 'node:worker_threads';

const NEW = { action: 'greylist', reason: 'new', retryAfter: workerData.rules.delay, wasInFuture: false };

parentPort.on('message', (message) => {
  if ('end' in message) {
    parentPort.close();
    return;
  }
  if ('figures' in message) {
    parentPort.postMessage({ figures: { records: { triplet: 1, client: 2 }, cleaned: undefined } });
    return;
  }
  // Each visit has six parts, the sender is the second.
  const senders = message.visits.filter((_, index) => index % 6 === 1);
  if (senders.includes('throw')) throw new Error('a bug');
  if (senders.includes('exit')) process.exit();
  if (senders.includes('wait')) return;
  parentPort.postMessage({ log: 'notice', text: `batch of ${senders.length}` });
  const outcomes = senders.map((sender) => (sender === 'fail' ? { error: 'disk is full' } : NEW));
  parentPort.postMessage({ batch: message.batch, outcomes });
});
