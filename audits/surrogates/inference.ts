import type { CompiledStep, Engine, StepDefinition } from '../contract/engine.ts';
import type { Images, Matrix } from '../contract/data.ts';
import { matrix } from '../contract/data.ts';
import type { SurrogateModel } from '../contract/method.ts';
import { writePixels } from '../augment/pixels.ts';
import { tensorNamed, floatsNamed } from './parameters.ts';
import type { Tensor, Tensor4D } from '../tensor/ops.ts';
import { findArchitecture } from './registry.ts';
import { resizePixels } from './resize.ts';
import type { ForwardMode } from './architecture.ts';

export type NetworkModel = Extract<SurrogateModel, { kind: 'network' }>;

/** A surrogate of which the asker knows that it is a network. @throws RangeError for another one, which is a bug */
export function asNetwork(model: SurrogateModel): NetworkModel {
  if (model.kind !== 'network') throw new RangeError(`a surrogate is ${model.kind}, not a network`);
  return model;
}

/** Images per forward pass; a smaller last batch is filled up with zeros, since a step's shapes are fixed. */
export const INFERENCE_BATCH = 64;

/** A forward pass: output `embedding`, and in `train` mode the batch statistics under their names. */
export function forwardStep(
  model: NetworkModel,
  batchSize: number,
  mode: ForwardMode,
): StepDefinition<Tensor> {
  const architecture = findArchitecture(model.architecture);
  return {
    name: `${mode} ${architecture.id}`,
    state: model.weights,
    inputs: { images: { shape: [batchSize, model.inputSize, model.inputSize, 3], dtype: 'float32' } },
    step(state, inputs) {
      const images = tensorNamed(inputs, 'images') as Tensor4D;
      const { embedding, batchStatistics } = architecture.forward(state, images, mode);
      return { state: {}, outputs: { embedding, ...batchStatistics } };
    },
  };
}

/** Pixels of images `start` to `start + batchSize` as RGB in [0, 1], zeros beyond the last one. */
export function inferenceInput(
  pixels: Uint8Array,
  start: number,
  batchSize: number,
  size: number,
): { readonly images: { readonly shape: readonly number[]; readonly data: Float32Array } } {
  const length = size * size * 3;
  const data = new Float32Array(batchSize * length);
  writePixels(pixels.subarray(start * length, (start + batchSize) * length), data);
  return { images: { shape: [batchSize, size, size, 3], data } };
}

/** Compiles the network for inference; the caller disposes of the step. */
export async function compileInference(engine: Engine, model: NetworkModel): Promise<CompiledStep> {
  return engine.compile(forwardStep(model, INFERENCE_BATCH, 'inference'));
}

/** @returns `[images.count, model.dimension]` */
export async function embedImages(
  compiled: CompiledStep,
  model: NetworkModel,
  images: Images,
): Promise<Matrix> {
  const pixels = resizePixels(images, model.inputSize);
  const data = new Float32Array(images.count * model.dimension);
  for (let start = 0; start < images.count; start += INFERENCE_BATCH) {
    const outputs = await compiled.run(inferenceInput(pixels, start, INFERENCE_BATCH, model.inputSize));
    const rows = Math.min(INFERENCE_BATCH, images.count - start);
    data.set(floatsNamed(outputs, 'embedding').subarray(0, rows * model.dimension), start * model.dimension);
  }
  return matrix(data, images.count, model.dimension);
}
