import { batchNormTrain } from '../tensor/normalization.ts';
import { tf } from '../tensor/ops.ts';
import type { Tensor, Tensor1D, Tensor2D, Tensor4D, Tensors } from '../tensor/ops.ts';
import type { Rng } from '../rng.ts';
import { HEAD_BIAS, HEAD_KERNEL } from './architecture.ts';
import type { ForwardMode } from './architecture.ts';
import { filled, normals, tensorNamed } from './parameters.ts';
import type { NamedArrays } from './parameters.ts';

/** Added to the variance; the value of PyTorch and of the paper's networks. */
export const NORM_EPSILON = 1e-5;

/** A convolution without bias, followed by batch norm: the brick of all networks here. */
export interface ConvolutionPlan {
  readonly name: string;
  readonly kernelSize: 1 | 3;
  readonly inputChannels: number;
  readonly outputChannels: number;
  readonly stride: 1 | 2;
}

export function initializeConvolutions(
  rng: Rng,
  plans: readonly ConvolutionPlan[],
): { readonly weights: NamedArrays; readonly statistics: NamedArrays } {
  const weights: Record<string, NamedArrays[string]> = {};
  const statistics: Record<string, NamedArrays[string]> = {};
  for (const { name, kernelSize, inputChannels, outputChannels } of plans) {
    const fanIn = kernelSize * kernelSize * inputChannels;
    // He et al., ICCV 2015, equation 10: keeps the variance through ReLU layers.
    weights[`${name}/kernel`] = normals(
      rng.derive(name),
      [kernelSize, kernelSize, inputChannels, outputChannels],
      Math.sqrt(2 / fanIn),
    );
    weights[`${name}/scale`] = filled([outputChannels], 1);
    weights[`${name}/offset`] = filled([outputChannels], 0);
    statistics[`${name}/mean`] = filled([outputChannels], 0);
    statistics[`${name}/variance`] = filled([outputChannels], 1);
  }
  return { weights, statistics };
}

/** A linear head with variance-preserving weights and no bias to begin with. */
export function initializeHead(rng: Rng, features: number, dimension: number): NamedArrays {
  return {
    [HEAD_KERNEL]: normals(rng.derive('head'), [features, dimension], Math.sqrt(1 / features)),
    [HEAD_BIAS]: filled([dimension], 0),
  };
}

/** Pixels in [0, 1] to about -2 ... 2: one fixed map for every data set, so that nothing has to be estimated. */
export function centerPixels(images: Tensor4D): Tensor4D {
  return tf.mul(tf.sub(images, 0.5), 4);
}

/** Runs the bricks of one network and collects the batch statistics on the way. */
export class LayerRunner {
  readonly batchStatistics: Record<string, Tensor> = {};
  readonly #parameters: Tensors;
  readonly #mode: ForwardMode;

  constructor(parameters: Tensors, mode: ForwardMode) {
    this.#parameters = parameters;
    this.#mode = mode;
  }

  /** Convolution (zero padding 1 for 3x3, 0 for 1x1), then batch norm. `[batch, height, width, channels]` */
  convolve(input: Tensor4D, { name, kernelSize, stride }: ConvolutionPlan): Tensor4D {
    const kernel = tensorNamed(this.#parameters, `${name}/kernel`) as Tensor4D;
    return this.#normalize(tf.conv2d(input, kernel, stride, (kernelSize - 1) / 2), name);
  }

  #normalize(input: Tensor4D, name: string): Tensor4D {
    const scale = tensorNamed(this.#parameters, `${name}/scale`) as Tensor1D;
    const offset = tensorNamed(this.#parameters, `${name}/offset`) as Tensor1D;
    if (this.#mode === 'train') {
      const { y, mean, variance } = batchNormTrain(input, scale, offset, NORM_EPSILON);
      this.batchStatistics[`${name}/mean`] = mean;
      this.batchStatistics[`${name}/variance`] = variance;
      return y;
    }
    const mean = tensorNamed(this.#parameters, `${name}/mean`) as Tensor1D;
    const variance = tensorNamed(this.#parameters, `${name}/variance`) as Tensor1D;
    return tf.batchNorm4d(input, mean, variance, offset, scale, NORM_EPSILON);
  }

  /** `features @ kernel + bias` where the network has a linear head, else the features. `[batch, dimension]` */
  embed(features: Tensor2D): Tensor2D {
    const kernel = this.#parameters[HEAD_KERNEL] as Tensor2D | undefined;
    if (kernel === undefined) return features;
    return tf.add(tf.matMul(features, kernel), tensorNamed(this.#parameters, HEAD_BIAS));
  }
}

/** Global average pooling. `[batch, height, width, channels]` to `[batch, channels]` */
export function poolAverage(input: Tensor4D): Tensor2D {
  return tf.mean(input, [1, 2]);
}
