import type { Images, Matrix } from '../contract/data.ts';
import type { Engine } from '../contract/engine.ts';
import type { SurrogateModel } from '../contract/method.ts';
import { inputGradients } from './input-gradients.ts';

/** Gradients with respect to pixels, at the side of the network that sees them. */
export interface ImageGradients {
  /** `[images, size, size, 3]` */
  readonly gradients: Float32Array;
  readonly size: number;
}

/**
 * Gradients of `embedding . direction` with respect to each image's pixels, of any surrogate that has them.
 * @param directions `[images.count, dimension of the surrogate]`
 * @returns undefined where the surrogate stands on a public encoder, which is a file without gradients, or has a hidden layer
 * @throws MoatError `cancelled` between two batches
 */
export async function imageGradients(
  engine: Engine,
  model: SurrogateModel,
  images: Images,
  directions: Matrix,
  signal: AbortSignal,
): Promise<ImageGradients | undefined> {
  if (model.kind === 'network')
    return {
      gradients: await inputGradients(engine, model, images, directions, signal),
      size: model.inputSize,
    };
  if (model.kind === 'backbone' || model.activation !== undefined || hasBackbone(model)) return undefined;
  // (features W + b) . u = features . (W u) + b . u
  const before = await engine.matmul(directions, model.weights, { transposeB: true });
  return imageGradients(engine, model.features, images, before, signal);
}

function hasBackbone(model: SurrogateModel): boolean {
  return model.kind === 'linear-on-features' ? hasBackbone(model.features) : model.kind === 'backbone';
}
