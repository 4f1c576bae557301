import type { Engine } from '../contract/engine.ts';
import type { Images, Matrix } from '../contract/data.ts';
import { matrix } from '../contract/data.ts';
import { MoatError } from '../contract/errors.ts';
import type { FeatureEncoder, SurrogateModel } from '../contract/method.ts';
import type { Multiplier } from '../tensor/linear-algebra/multiplier.ts';
import { compileInference, embedImages } from './inference.ts';
import type { NetworkModel } from './inference.ts';
import type { BackboneModel } from './on-backbone.ts';

/** A surrogate ready to embed images. Dispose of it before its engine. */
export interface OpenSurrogate extends FeatureEncoder {
  dispose(): Promise<void>;
}

/**
 * Makes a surrogate embed images of any size.
 * @param backbone the public encoder a surrogate was built on; it stays the caller's to dispose of.
 * @throws MoatError `configuration-invalid` when the surrogate needs a backbone and none is given.
 */
export async function openSurrogate(
  engine: Engine,
  model: SurrogateModel,
  backbone?: FeatureEncoder,
): Promise<OpenSurrogate> {
  if (model.kind === 'network') return openNetwork(engine, model);
  if (model.kind === 'linear-on-features') {
    const features = await openSurrogate(engine, model.features, backbone);
    return {
      dimension: model.weights.columns,
      embed: async (images) => applyLayer(engine, model, await features.embed(images)),
      dispose: () => features.dispose(),
    };
  }
  if (backbone === undefined)
    throw new MoatError(
      'configuration-invalid',
      'This surrogate was built on a public encoder; name the same one with --backbone.',
    );
  return {
    dimension: backbone.dimension,
    embed: (images) => backbone.embed(images),
    dispose: () => Promise.resolve(),
  };
}

async function openNetwork(engine: Engine, model: NetworkModel): Promise<OpenSurrogate> {
  const compiled = await compileInference(engine, model);
  return {
    dimension: model.dimension,
    embed: (images: Images) => embedImages(compiled, model, images),
    dispose: () => compiled.dispose(),
  };
}

/**
 * What maps of a backbone's features make of features that are at hand.
 * @param features `[rows, features]` @returns `[rows, dimension]`
 */
export async function mapFeatures(
  multiplier: Multiplier,
  model: BackboneModel,
  features: Matrix,
): Promise<Matrix> {
  const { features: before } = model;
  const inputs =
    before.kind === 'linear-on-features' ? await mapFeatures(multiplier, before, features) : features;
  return applyLayer(multiplier, model, inputs);
}

/** `activation(inputs @ weights + bias)` */
async function applyLayer(
  multiplier: Multiplier,
  { weights, bias, activation }: BackboneModel,
  inputs: Matrix,
): Promise<Matrix> {
  const product = await multiplier.matmul(inputs, weights);
  const floor = activation === 'relu' ? 0 : Number.NEGATIVE_INFINITY;
  const data = product.data.map((value, at) => Math.max(floor, value + (bias[at % product.columns] ?? 0)));
  return matrix(data, product.rows, product.columns);
}
