/** Entry of the utility process in which a fresh engine pack is tried: its library may end it. */
import process from 'node:process';
import { onePlusTwo } from '../../audits/tensor/tensorflow/pack/one-plus-two.ts';

process.parentPort.once('message', ({ ports: [port] }) => {
  if (port === undefined) throw new Error('a pack was to be tried without a port');
  port.on('close', () => process.exit(0));
  port.on('message', ({ data }) => {
    try {
      port.postMessage({ sum: onePlusTwo(String(data)) });
    } catch (error) {
      port.postMessage({ error: String(error) });
    }
  });
  port.start();
});
