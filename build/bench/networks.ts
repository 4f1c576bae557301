import type { HostTensor, StepDefinition } from '../../audits/contract/engine.ts';
import { mse } from '../../audits/losses/mse.ts';
import { createRng } from '../../audits/rng.ts';
import type { Architecture } from '../../audits/surrogates/architecture.ts';
import { adam } from '../../audits/surrogates/optimizer.ts';
import type { NamedArrays } from '../../audits/surrogates/parameters.ts';
import { findArchitecture } from '../../audits/surrogates/registry.ts';
import { cifarResNet } from '../../audits/surrogates/resnet.ts';
import { imagesInput, targetsInput, trainingStep } from '../../audits/surrogates/training-step.ts';
import type { Tensor } from '../../audits/tensor/ops.ts';

/** The networks whose training is timed, and one fixed step of each. */

export interface BenchmarkNetwork {
  readonly id: string;
  readonly title: string;
  readonly architecture: () => Architecture;
  /** Length of the embedding. */
  readonly dimension: number;
  readonly batchSizes: readonly number[];
}

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
    batchSizes: [32, 64, 256],
  },
  {
    id: 'resnet-w32',
    title: 'ResNet w32 1-1-1',
    architecture: () => resnetW32,
    dimension: 128,
    batchSizes: [64],
  },
  {
    id: 'resnet18',
    title: 'ResNet-18',
    architecture: () => findArchitecture('resnet18'),
    dimension: 512,
    batchSizes: [32, 64, 256],
  },
  {
    id: 'resnet34',
    title: 'ResNet-34',
    architecture: () => findArchitecture('resnet34'),
    dimension: 512,
    batchSizes: [32, 64, 256],
  },
];

/** Side of the images: CIFAR's, for which the networks' stems are made. */
export const INPUT_SIZE = 32;
export const LEARNING_RATE = 1e-3;
export const WEIGHT_DECAY = 1e-4;

/** One step with mean squared error and Adam, its first weights and the one batch it is timed on. */
export interface BenchmarkStep {
  readonly definition: StepDefinition<Tensor>;
  readonly weights: NamedArrays;
  readonly images: HostTensor;
  readonly targets: HostTensor;
  /** All inputs of the step with this number, counted from 0. */
  readonly inputs: (step: number) => Readonly<Record<string, HostTensor>>;
}

/** The same network, weights and batch at every call. */
export function benchmarkStep(network: BenchmarkNetwork, batchSize: number): BenchmarkStep {
  const rng = createRng(`benchmark ${network.id}`);
  const { dimension } = network;
  const architecture = network.architecture();
  const { weights, statistics } = architecture.initialize(rng.derive('weights'), dimension, INPUT_SIZE);
  const optimizer = adam(WEIGHT_DECAY);
  const definition = trainingStep({
    architecture,
    weights,
    statistics,
    optimizer,
    loss: mse,
    lossOptions: {},
    views: 1,
    batchSize,
    inputSize: INPUT_SIZE,
    dimension,
  });
  const drawn = (name: string, shape: readonly number[], draw: 'uniform' | 'normal'): HostTensor => {
    const stream = rng.derive(name);
    const length = shape.reduce((product, size) => product * size, 1);
    return { shape, data: Float32Array.from({ length }, () => stream[draw]()) };
  };
  const images = drawn('images', [batchSize, INPUT_SIZE, INPUT_SIZE, 3], 'uniform');
  const targets = drawn('targets', [batchSize, dimension], 'normal');
  return {
    definition,
    weights,
    images,
    targets,
    inputs: (step) => ({
      [imagesInput(0)]: images,
      [targetsInput(0)]: targets,
      ...optimizer.feeds(step, LEARNING_RATE),
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
