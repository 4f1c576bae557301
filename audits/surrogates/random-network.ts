import type { Engine } from '../contract/engine.ts';
import type { Images } from '../contract/data.ts';
import type { Rng } from '../rng.ts';
import { forwardStep, INFERENCE_BATCH, inferenceInput } from './inference.ts';
import type { NetworkModel } from './inference.ts';
import { filterNames, floatsNamed } from './parameters.ts';
import type { NamedArrays } from './parameters.ts';
import { findArchitecture } from './registry.ts';
import { resizePixels } from './resize.ts';

/**
 * A freshly drawn network that has never seen an image: the no-victim control and the source of random features.
 * Its running statistics are those of nothing (mean 0, variance 1): calibrate them before use.
 */
export function randomNetwork(
  architecture: string,
  rng: Rng,
  dimension: number,
  inputSize: number,
): NetworkModel {
  const { weights, statistics } = findArchitecture(architecture).initialize(rng, dimension, inputSize);
  return { kind: 'network', architecture, inputSize, dimension, weights: { ...weights, ...statistics } };
}

/**
 * Replaces the running statistics by means over batches of these images, as if training had seen them without
 * learning. Images that do not fill a batch are left out, unless they are all there is.
 * @param images a few hundred unlabelled ones; at least two.
 */
export async function calibrateStatistics(
  engine: Engine,
  model: NetworkModel,
  images: Images,
): Promise<NetworkModel> {
  if (images.count < 2) throw new RangeError(`batch norm cannot be calibrated on ${images.count} images`);
  const batchSize = Math.min(INFERENCE_BATCH, images.count);
  const batches = Math.floor(images.count / batchSize);
  const pixels = resizePixels(images, model.inputSize);
  const compiled = await engine.compile(forwardStep(model, batchSize, 'train'));
  try {
    const sums = new Map<string, Float64Array>();
    for (let batch = 0; batch < batches; batch++) {
      const outputs = await compiled.run(
        inferenceInput(pixels, batch * batchSize, batchSize, model.inputSize),
      );
      for (const name of Object.keys(filterNames(outputs, (output) => output in model.weights))) {
        const values = floatsNamed(outputs, name);
        const sum = sums.get(name) ?? new Float64Array(values.length);
        sums.set(
          name,
          sum.map((total, at) => total + (values[at] ?? 0)),
        );
      }
    }
    return { ...model, weights: { ...model.weights, ...averages(sums, batches, model.weights) } };
  } finally {
    await compiled.dispose();
  }
}

function averages(
  sums: ReadonlyMap<string, Float64Array>,
  batches: number,
  like: NamedArrays,
): Record<string, NamedArrays[string]> {
  return Object.fromEntries(
    Array.from(sums, ([name, sum]) => [
      name,
      { shape: like[name]?.shape ?? [sum.length], data: Float32Array.from(sum, (total) => total / batches) },
    ]),
  );
}
