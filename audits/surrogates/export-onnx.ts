import type { SurrogateModel } from '../contract/method.ts';
import { exportStep } from '../tensor/onnx/export.ts';
import { forwardStep } from './inference.ts';

/** A prime no layer's size equals: it marks the batch while the network is traced. */
const BATCH_MARKER = 6007;

/**
 * A trained network as an ONNX file: input `image` `[batch, size, size, 3]`, RGB in [0, 1]; output `embedding`
 * `[batch, dimension]`. It opens in any ONNX runtime.
 */
export function exportNetwork(model: Extract<SurrogateModel, { kind: 'network' }>): Promise<Uint8Array> {
  return exportStep(forwardStep(model, BATCH_MARKER, 'inference'), {
    batchSize: BATCH_MARKER,
    input: 'image',
    output: 'embedding',
    producer: 'moat',
  });
}
