/** Entry of a benchmark's utility process: computes a timed block whenever it is told to. */
import process from 'node:process';
import { answerSide } from '../../audits/bench/answer-side.ts';

process.parentPort.once('message', ({ ports: [port] }) => {
  if (port === undefined) throw new Error('a side was started without a port');
  let last: Promise<void> = Promise.resolve();
  const answer = async (message: unknown): Promise<void> => port.postMessage(await answerSide(message));
  port.on('close', () => process.exit(0));
  port.on('message', ({ data }) => {
    last = last.then(() => answer(data));
  });
  port.start();
});
