import type { Engine, StepDefinition } from '../contract/engine.ts';
import { type Images, type Matrix, matrixRows } from '../contract/data.ts';
import { MoatError } from '../contract/errors.ts';
import { tf, valueAndGradients } from '../tensor/ops.ts';
import type { Scalar, Tensor, Tensor2D, Tensor4D } from '../tensor/ops.ts';
import { INFERENCE_BATCH, inferenceInput, type NetworkModel } from './inference.ts';
import { floatsNamed, tensorNamed } from './parameters.ts';
import { findArchitecture } from './registry.ts';
import { resizePixels } from './resize.ts';

/**
 * How each image would have to change for its embedding to move along a direction of its own: output `gradient`
 * `[batch, size, size, 3]` of `embedding . direction` with respect to the pixels, in inference mode, so that rows do not mix.
 */
export function inputGradientStep(model: NetworkModel, batchSize: number): StepDefinition<Tensor> {
  const architecture = findArchitecture(model.architecture);
  return {
    name: `input gradient of ${architecture.id}`,
    state: model.weights,
    inputs: {
      images: { shape: [batchSize, model.inputSize, model.inputSize, 3], dtype: 'float32' },
      directions: { shape: [batchSize, model.dimension], dtype: 'float32' },
    },
    step(state, inputs) {
      const directions = tensorNamed(inputs, 'directions') as Tensor2D;
      const { gradients } = valueAndGradients(
        ({ images }): Scalar => {
          const { embedding } = architecture.forward(state, images as Tensor4D, 'inference');
          return tf.sum(tf.mul(embedding, directions));
        },
        { images: tensorNamed(inputs, 'images') },
      );
      return { state: {}, outputs: { gradient: tensorNamed(gradients, 'images') } };
    },
  };
}

/**
 * Gradients of `embedding . direction` with respect to each image's pixels.
 * @param directions `[images.count, model.dimension]`
 * @returns `[images.count, model.inputSize, model.inputSize, 3]`: at the network's input size, not the images'
 * @throws MoatError `cancelled` between two batches
 */
export async function inputGradients(
  engine: Engine,
  model: NetworkModel,
  images: Images,
  directions: Matrix,
  signal: AbortSignal,
): Promise<Float32Array> {
  const { inputSize: size, dimension } = model;
  const length = size * size * 3;
  const pixels = resizePixels(images, size);
  const gradients = new Float32Array(images.count * length);
  const compiled = await engine.compile(inputGradientStep(model, INFERENCE_BATCH));
  try {
    for (let start = 0; start < images.count; start += INFERENCE_BATCH) {
      if (signal.aborted) throw new MoatError('cancelled', 'The audit was cancelled.');
      const rows = Math.min(INFERENCE_BATCH, images.count - start);
      const data = new Float32Array(INFERENCE_BATCH * dimension);
      data.set(matrixRows(directions, start, start + rows).data);
      const outputs = await compiled.run({
        ...inferenceInput(pixels, start, INFERENCE_BATCH, size),
        directions: { shape: [INFERENCE_BATCH, dimension], data },
      });
      gradients.set(floatsNamed(outputs, 'gradient').subarray(0, rows * length), start * length);
    }
    return gradients;
  } finally {
    await compiled.dispose();
  }
}
