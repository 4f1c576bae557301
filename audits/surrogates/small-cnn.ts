import { tf } from '../tensor/ops.ts';
import type { Architecture } from './architecture.ts';
import { centerPixels, initializeConvolutions, initializeHead, LayerRunner, poolAverage } from './layers.ts';
import type { ConvolutionPlan } from './layers.ts';

/** Channels after each 3x3 convolution; all but the first halve the resolution. */
const CHANNELS = [32, 64, 128, 256] as const;

const FEATURES = 256;

const PLANS: readonly ConvolutionPlan[] = CHANNELS.map((outputChannels, at) => ({
  name: `convolution${at + 1}`,
  kernelSize: 3,
  inputChannels: CHANNELS[at - 1] ?? 3,
  outputChannels,
  stride: at === 0 ? 1 : 2,
}));

/**
 * A plain convolutional network an attacker trains in seconds without an accelerator: four 3x3 convolutions, each
 * with batch norm and ReLU, global average pooling, a linear head. 388 896 parameters without the head.
 */
export const smallCnn: Architecture = {
  id: 'small-cnn',
  summary: 'Four 3x3 convolutions (32, 64, 128, 256 channels) and a linear head.',
  initialize(rng, dimension) {
    const { weights, statistics } = initializeConvolutions(rng, PLANS);
    return { weights: { ...weights, ...initializeHead(rng, FEATURES, dimension) }, statistics };
  },
  forward(parameters, images, mode) {
    const layers = new LayerRunner(parameters, mode);
    const maps = PLANS.reduce((input, plan) => tf.relu(layers.convolve(input, plan)), centerPixels(images));
    return { embedding: layers.head(poolAverage(maps)), batchStatistics: layers.batchStatistics };
  },
};
