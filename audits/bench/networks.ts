import type { HostTensor, StepDefinition } from '../contract/engine.ts';
import { mse } from '../losses/mse.ts';
import { createRng } from '../rng.ts';
import type { Architecture } from '../surrogates/architecture.ts';
import { adam } from '../optimizers/adam.ts';
import type { NamedArrays } from '../surrogates/parameters.ts';
import { findArchitecture } from '../surrogates/registry.ts';
import { cifarResNet } from '../surrogates/resnet.ts';
import { imagesInput, targetsInput, trainingStep } from '../surrogates/training-step.ts';
import type { Tensor } from '../tensor/ops.ts';

/** The networks whose training is timed, and one fixed step of each. */

export interface BenchmarkNetwork {
  readonly id: string;
  readonly title: string;
  readonly architecture: () => Architecture;
  /** Length of the embedding. */
  readonly dimension: number;
  /** Side of the images in pixels. */
  readonly inputSize: number;
  readonly batchSizes: readonly number[];
}

/** The networks' stems are made for it. */
const CIFAR_SIDE = 32;

/** Widths and depths of the encoders in `shared/encoders`: the least network that looks like a real victim's copy. */
const resnetW32 = cifarResNet({
  id: 'resnet-w32',
  name: 'ResNet w32 1-1-1',
  blocksPerStage: [1, 1, 1],
  channels: [32, 64, 128],
});

export const benchmarkNetworks: readonly BenchmarkNetwork[] = [
  {
    id: 'small-cnn',
    title: 'small-cnn',
    architecture: () => findArchitecture('small-cnn'),
    dimension: 512,
    inputSize: CIFAR_SIDE,
    batchSizes: [32, 64, 256],
  },
  {
    id: 'small-cnn-16px',
    title: 'small-cnn on 16 pixels',
    architecture: () => findArchitecture('small-cnn'),
    dimension: 128,
    // What the presets train (plan/presets.ts).
    inputSize: 16,
    batchSizes: [32],
  },
  {
    id: 'resnet-w32',
    title: 'ResNet w32 1-1-1',
    architecture: () => resnetW32,
    dimension: 128,
    inputSize: CIFAR_SIDE,
    batchSizes: [64],
  },
  {
    id: 'resnet18',
    title: 'ResNet-18',
    architecture: () => findArchitecture('resnet18'),
    dimension: 512,
    inputSize: CIFAR_SIDE,
    batchSizes: [32, 64, 256],
  },
  {
    id: 'resnet34',
    title: 'ResNet-34',
    architecture: () => findArchitecture('resnet34'),
    dimension: 512,
    inputSize: CIFAR_SIDE,
    batchSizes: [32, 64, 256],
  },
];

/** The paper's code trains so with mean squared error (losses/mse.ts). */
export const stepDefaults = { learningRate: 1e-3, weightDecay: 1e-4 } as const;

/** One step with mean squared error and Adam, its first weights and the one batch it is timed on. */
export interface BenchmarkStep {
  readonly definition: StepDefinition<Tensor>;
  readonly weights: NamedArrays;
  readonly images: HostTensor;
  readonly targets: HostTensor;
  /** All inputs of the step with this number, counted from 0. */
  readonly inputs: (step: number) => Readonly<Record<string, HostTensor>>;
}

export interface StepPlan {
  readonly batchSize: number;
  readonly learningRate: number;
  readonly weightDecay: number;
}

/** The same network, weights and batch at every call. */
export function benchmarkStep(network: BenchmarkNetwork, plan: StepPlan): BenchmarkStep {
  const { batchSize, learningRate, weightDecay } = plan;
  const rng = createRng(`benchmark ${network.id}`);
  const { dimension, inputSize } = network;
  const architecture = network.architecture();
  const { weights, statistics } = architecture.initialize(rng.derive('weights'), dimension, inputSize);
  const optimizer = adam.create({ weightDecay });
  const definition = trainingStep({
    architecture,
    weights,
    statistics,
    optimizer,
    loss: mse,
    lossOptions: {},
    views: 1,
    batchSize,
    inputSize,
    dimension,
  });
  const drawn = (name: string, shape: readonly number[], draw: 'uniform' | 'normal'): HostTensor => {
    const stream = rng.derive(name);
    const length = shape.reduce((product, size) => product * size, 1);
    return { shape, data: Float32Array.from({ length }, () => stream[draw]()) };
  };
  const images = drawn('images', [batchSize, inputSize, inputSize, 3], 'uniform');
  const targets = drawn('targets', [batchSize, dimension], 'normal');
  return {
    definition,
    weights,
    images,
    targets,
    inputs: (step) => ({
      [imagesInput(0)]: images,
      [targetsInput(0)]: targets,
      ...optimizer.feeds(step, learningRate),
    }),
  };
}

/** @throws RangeError naming the known ones */
export function findNetwork(id: string): BenchmarkNetwork {
  const network = benchmarkNetworks.find((known) => known.id === id);
  if (network === undefined)
    throw new RangeError(
      `There is no benchmark network "${id}"; there are ${benchmarkNetworks.map((known) => known.id).join(', ')}.`,
    );
  return network;
}
