import { tf } from '../tensor/ops.ts';
import type { Tensor4D } from '../tensor/ops.ts';
import type { Architecture } from './architecture.ts';
import { centerPixels, initializeConvolutions, initializeHead, LayerRunner, poolAverage } from './layers.ts';
import type { ConvolutionPlan } from './layers.ts';

/** Of the paper's networks; the last one is the width of the pooled features and of the paper's representation. */
const PAPER_CHANNELS = [64, 128, 256, 512] as const;

/** Two 3x3 convolutions around a shortcut, which is a 1x1 convolution where the shape changes. */
interface BasicBlock {
  readonly first: ConvolutionPlan;
  readonly second: ConvolutionPlan;
  readonly shortcut: ConvolutionPlan | null;
}

interface ResNetPlan {
  readonly id: string;
  readonly name: string;
  readonly blocksPerStage: readonly number[];
  /** As many as stages; the stem has as many as the first. */
  readonly channels: readonly [number, ...number[]];
}

/** ResNet-18 and -34 of the paper (section 4.1 and appendix F). */
export const resnet18: Architecture = cifarResNet({
  id: 'resnet18',
  name: 'ResNet-18',
  blocksPerStage: [2, 2, 2, 2],
  channels: PAPER_CHANNELS,
});
export const resnet34: Architecture = cifarResNet({
  id: 'resnet34',
  name: 'ResNet-34',
  blocksPerStage: [3, 4, 6, 3],
  channels: PAPER_CHANNELS,
});

/**
 * A residual network (He et al., CVPR 2016) with the stem for 32x32 images: a 3x3 convolution of stride 1, no
 * max-pooling, basic blocks, average pooling after the last ReLU.
 * Where the dimension is the width of the pooled features, these are the embedding, as in the paper; for any other
 * dimension a linear head follows.
 */
export function cifarResNet({ id, name, blocksPerStage, channels }: ResNetPlan): Architecture {
  const features = channels.at(-1) ?? channels[0];
  const stemPlan: ConvolutionPlan = {
    name: 'stem',
    kernelSize: 3,
    inputChannels: 3,
    outputChannels: channels[0],
    stride: 1,
  };
  const blocks = planBlocks(blocksPerStage, channels);
  const plans = [
    stemPlan,
    ...blocks.flatMap(({ first, second, shortcut }) => [first, second, ...(shortcut ? [shortcut] : [])]),
  ];
  return {
    id,
    summary: `CIFAR-stem ${name}; a linear head only when the dimension is not ${features}.`,
    features,
    learningRateFactor: 1,
    initialize(rng, dimension) {
      const { weights, statistics } = initializeConvolutions(rng, plans);
      const head = dimension === features ? {} : initializeHead(rng, features, dimension);
      return { weights: { ...weights, ...head }, statistics };
    },
    forward(parameters, images, mode) {
      const layers = new LayerRunner(parameters, mode);
      const stem = tf.relu(layers.convolve(centerPixels(images), stemPlan));
      const maps = blocks.reduce((input, block) => runBlock(layers, input, block), stem);
      const pooled = poolAverage(maps);
      return { embedding: layers.embed(pooled), batchStatistics: layers.batchStatistics };
    },
  };
}

function runBlock(layers: LayerRunner, input: Tensor4D, { first, second, shortcut }: BasicBlock): Tensor4D {
  const residual = layers.convolve(tf.relu(layers.convolve(input, first)), second);
  return tf.relu(tf.add(residual, shortcut === null ? input : layers.convolve(input, shortcut)));
}

function planBlocks(blocksPerStage: readonly number[], channels: readonly number[]): readonly BasicBlock[] {
  return channels.flatMap((outputChannels, stage) =>
    Array.from({ length: blocksPerStage[stage] ?? 0 }, (_, at): BasicBlock => {
      const entersStage = at === 0 && stage > 0;
      const inputChannels = entersStage ? (channels[stage - 1] ?? outputChannels) : outputChannels;
      const name = `stage${stage + 1}/block${at + 1}`;
      const stride = entersStage ? 2 : 1;
      return {
        first: { name: `${name}/first`, kernelSize: 3, inputChannels, outputChannels, stride },
        second: {
          name: `${name}/second`,
          kernelSize: 3,
          inputChannels: outputChannels,
          outputChannels,
          stride: 1,
        },
        shortcut: entersStage
          ? { name: `${name}/shortcut`, kernelSize: 1, inputChannels, outputChannels, stride }
          : null,
      };
    }),
  );
}
