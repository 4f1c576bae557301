import { tf } from '../tensor/ops.ts';
import type { Architecture } from './architecture.ts';
import { centerPixels, initializeConvolutions, initializeHead, LayerRunner, poolAverage } from './layers.ts';
import type { ConvolutionPlan } from './layers.ts';

const CHANNELS = 8;

const PLANS: readonly ConvolutionPlan[] = [
  { name: 'convolution1', kernelSize: 3, inputChannels: 3, outputChannels: CHANNELS, stride: 1 },
  { name: 'convolution2', kernelSize: 3, inputChannels: CHANNELS, outputChannels: CHANNELS, stride: 2 },
];

/** The smallest network with all bricks of the real ones, for tests that compare engines: two 3x3 convolutions. */
export const twoConvolutions: Architecture = {
  id: 'two-convolutions',
  summary: 'Two 3x3 convolutions and a linear head.',
  features: CHANNELS,
  learningRateFactor: 1,
  initialize(rng, dimension) {
    const { weights, statistics } = initializeConvolutions(rng, PLANS);
    return { weights: { ...weights, ...initializeHead(rng, CHANNELS, dimension) }, statistics };
  },
  forward(parameters, images, mode) {
    const layers = new LayerRunner(parameters, mode);
    const maps = PLANS.reduce((input, plan) => tf.relu(layers.convolve(input, plan)), centerPixels(images));
    return { embedding: layers.embed(poolAverage(maps)), batchStatistics: layers.batchStatistics };
  },
};
