import { tf } from '../tensor/ops.ts';
import type { Tensor4D } from '../tensor/ops.ts';
import { HEAD_KERNEL } from './architecture.ts';
import type { Architecture } from './architecture.ts';
import { centerPixels, initializeConvolutions, initializeHead, LayerRunner, poolAverage } from './layers.ts';
import type { ConvolutionPlan } from './layers.ts';

/** Width of the pooled features, and of the paper's representation. */
const FEATURES = 512;

const STAGE_CHANNELS = [64, 128, 256, 512] as const;

/** Two 3x3 convolutions around a shortcut, which is a 1x1 convolution where the shape changes. */
interface BasicBlock {
  readonly first: ConvolutionPlan;
  readonly second: ConvolutionPlan;
  readonly shortcut: ConvolutionPlan | null;
}

const STEM: ConvolutionPlan = {
  name: 'stem',
  kernelSize: 3,
  inputChannels: 3,
  outputChannels: STAGE_CHANNELS[0],
  stride: 1,
};

/**
 * The paper's encoders (section 4.1 and appendix F; He et al., CVPR 2016) with the stem for 32x32 images: a 3x3
 * convolution of stride 1, no max-pooling, basic blocks, average pooling after the last ReLU.
 * For 512 dimensions the pooled features are the embedding, as in the paper; for any other dimension a linear head
 * follows.
 */
export const resnet18: Architecture = resnet('resnet18', [2, 2, 2, 2]);
export const resnet34: Architecture = resnet('resnet34', [3, 4, 6, 3]);

function resnet(id: string, blocksPerStage: readonly number[]): Architecture {
  const blocks = planBlocks(blocksPerStage);
  const plans = [
    STEM,
    ...blocks.flatMap(({ first, second, shortcut }) => [first, second, ...(shortcut ? [shortcut] : [])]),
  ];
  return {
    id,
    summary: `CIFAR-stem ResNet-${id.slice('resnet'.length)}; a linear head only when the dimension is not ${FEATURES}.`,
    learningRateFactor: 1,
    initialize(rng, dimension) {
      const { weights, statistics } = initializeConvolutions(rng, plans);
      const head = dimension === FEATURES ? {} : initializeHead(rng, FEATURES, dimension);
      return { weights: { ...weights, ...head }, statistics };
    },
    forward(parameters, images, mode) {
      const layers = new LayerRunner(parameters, mode);
      const stem = tf.relu(layers.convolve(centerPixels(images), STEM));
      const maps = blocks.reduce((input, block) => runBlock(layers, input, block), stem);
      const features = poolAverage(maps);
      const hasHead = parameters[HEAD_KERNEL] !== undefined;
      return {
        embedding: hasHead ? layers.head(features) : features,
        batchStatistics: layers.batchStatistics,
      };
    },
  };
}

function runBlock(layers: LayerRunner, input: Tensor4D, { first, second, shortcut }: BasicBlock): Tensor4D {
  const residual = layers.convolve(tf.relu(layers.convolve(input, first)), second);
  return tf.relu(tf.add(residual, shortcut === null ? input : layers.convolve(input, shortcut)));
}

function planBlocks(blocksPerStage: readonly number[]): readonly BasicBlock[] {
  return STAGE_CHANNELS.flatMap((outputChannels, stage) =>
    Array.from({ length: blocksPerStage[stage] ?? 0 }, (_, at): BasicBlock => {
      const entersStage = at === 0 && stage > 0;
      const inputChannels = entersStage ? (STAGE_CHANNELS[stage - 1] ?? outputChannels) : outputChannels;
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
