import type { StepDefinition } from '../contract/engine.ts';
import type { SurrogateModel } from '../contract/method.ts';
import { exportStep } from '../tensor/onnx/export.ts';
import { tf } from '../tensor/ops.ts';
import type { Tensor, Tensor2D } from '../tensor/ops.ts';
import { forwardStep } from './inference.ts';
import type { NetworkModel } from './inference.ts';
import { tensorNamed } from './parameters.ts';

/** A prime no layer's size equals: it marks the batch while the network is traced. */
const BATCH_MARKER = 6007;

const LINEAR_WEIGHTS = 'linear/weights';
const LINEAR_BIAS = 'linear/bias';

/**
 * A surrogate as an ONNX file: input `image` `[batch, size, size, 3]`, RGB in [0, 1]; output `embedding`
 * `[batch, dimension]`. It opens in any ONNX runtime.
 * @returns nothing for a surrogate that runs on a public encoder: half of it would be somebody else's file.
 */
export function exportSurrogate(model: SurrogateModel): Promise<Uint8Array> | undefined {
  if (model.kind === 'network') return exportNetwork(model);
  if (model.kind === 'backbone' || model.features.kind !== 'network') return undefined;
  return exportForward(linearStep(model, model.features));
}

export function exportNetwork(model: NetworkModel): Promise<Uint8Array> {
  return exportForward(forwardStep(model, BATCH_MARKER, 'inference'));
}

function exportForward(step: StepDefinition<Tensor>): Promise<Uint8Array> {
  return exportStep(step, {
    batchSize: BATCH_MARKER,
    input: 'image',
    output: 'embedding',
    producer: 'moat',
  });
}

/** The network's forward pass with the linear map behind it. */
function linearStep(
  { weights, bias, activation }: Extract<SurrogateModel, { kind: 'linear-on-features' }>,
  features: NetworkModel,
): StepDefinition<Tensor> {
  const network = forwardStep(features, BATCH_MARKER, 'inference');
  return {
    ...network,
    state: {
      ...network.state,
      [LINEAR_WEIGHTS]: { shape: [weights.rows, weights.columns], data: weights.data },
      [LINEAR_BIAS]: { shape: [bias.length], data: bias },
    },
    step(state, inputs) {
      const embedded = tensorNamed(network.step(state, inputs).outputs, 'embedding') as Tensor2D;
      const mapped = tf.matMul(embedded, tensorNamed(state, LINEAR_WEIGHTS));
      const moved = tf.add(mapped, tensorNamed(state, LINEAR_BIAS));
      return { state: {}, outputs: { embedding: activation === 'relu' ? tf.relu(moved) : moved } };
    },
  };
}
