import type { HostTensor, TensorSpec } from '../contract/engine.ts';
import { tf } from '../tensor/ops.ts';
import type { Scalar, Tensor, Tensors } from '../tensor/ops.ts';
import type { LossDefaults } from '../losses/loss.ts';
import { filled, tensorNamed } from './parameters.ts';
import type { NamedArrays } from './parameters.ts';

/** Momentum decay rates and the guard of the division: the defaults of the Adam paper and of PyTorch. */
const FIRST_DECAY = 0.9;
const SECOND_DECAY = 0.999;
const ADAM_EPSILON = 1e-8;
const SGD_MOMENTUM = 0.9;

/**
 * An update rule as pure functions, so that it can be part of a traced step: slots are state like the weights, and
 * whatever changes from step to step comes in as a scalar input.
 */
export interface Optimizer {
  /** Fresh slots for these weights; no name of theirs equals a weight's. */
  slots(weights: NamedArrays): NamedArrays;
  readonly inputs: Readonly<Record<string, TensorSpec>>;
  /** The scalar inputs of a step. @param step counted from 0. */
  feeds(step: number, learningRate: number): Readonly<Record<string, HostTensor>>;
  /** @returns the next weights and slots under their names. */
  update(weights: Tensors, gradients: Tensors, slots: Tensors, inputs: Tensors): Tensors;
}

const SCALAR: TensorSpec = { shape: [], dtype: 'float32' };

/**
 * Adam (Kingma and Ba, ICLR 2015, algorithm 1) with the L2 penalty added to the gradient, as PyTorch's `Adam` has it
 * and the paper's code uses it. The bias corrections are computed on the host in double precision: `1 - 0.999^1` loses
 * half of its float32 digits.
 */
export function adam(weightDecay: number): Optimizer {
  return {
    slots: (weights) => ({ ...slotsLike('adam/first', weights), ...slotsLike('adam/second', weights) }),
    inputs: { learningRate: SCALAR, firstCorrection: SCALAR, secondCorrection: SCALAR },
    feeds: (step, learningRate) => ({
      learningRate: scalar(learningRate),
      firstCorrection: scalar(1 / (1 - FIRST_DECAY ** (step + 1))),
      secondCorrection: scalar(1 / (1 - SECOND_DECAY ** (step + 1))),
    }),
    update: (weights, gradients, slots, inputs) =>
      updateEach(weights, gradients, weightDecay, (name, weight, gradient) => {
        const first = decayed(tensorNamed(slots, `adam/first/${name}`), gradient, FIRST_DECAY);
        const second = decayed(tensorNamed(slots, `adam/second/${name}`), tf.square(gradient), SECOND_DECAY);
        const size = tf.sqrt(tf.mul(second, tensorNamed(inputs, 'secondCorrection')));
        const rate = tf.mul(tensorNamed(inputs, 'learningRate'), tensorNamed(inputs, 'firstCorrection'));
        const change = tf.div(tf.mul(first, rate), tf.add(size, ADAM_EPSILON));
        return {
          [name]: tf.sub(weight, change),
          [`adam/first/${name}`]: first,
          [`adam/second/${name}`]: second,
        };
      }),
  };
}

/** Stochastic gradient descent with momentum as PyTorch has it: `v = 0.9 v + g`, `w = w - rate v`. */
export function sgdMomentum(weightDecay: number): Optimizer {
  return {
    slots: (weights) => slotsLike('momentum', weights),
    inputs: { learningRate: SCALAR },
    feeds: (_step, learningRate) => ({ learningRate: scalar(learningRate) }),
    update: (weights, gradients, slots, inputs) =>
      updateEach(weights, gradients, weightDecay, (name, weight, gradient) => {
        const velocity = tf.add(tf.mul(tensorNamed(slots, `momentum/${name}`), SGD_MOMENTUM), gradient);
        return {
          [name]: tf.sub(weight, tf.mul(velocity, tensorNamed(inputs, 'learningRate'))),
          [`momentum/${name}`]: velocity,
        };
      }),
  };
}

const optimizers = { adam, 'sgd-momentum': sgdMomentum } as const;

/** The optimizer which a loss is trained with. */
export function optimizerFor({ optimizer, weightDecay }: LossDefaults): Optimizer {
  return optimizers[optimizer](weightDecay);
}

/** Gradients shortened together so that their joint length is at most `maximumNorm` (Pascanu et al., ICML 2013). */
export function clipByGlobalNorm(gradients: Tensors, maximumNorm: number): Tensors {
  const squares = Object.values(gradients).map((gradient): Scalar => tf.sum(tf.square(gradient)));
  const norm = tf.sqrt(squares.reduce((left, right) => tf.add(left, right)));
  const factor = tf.div(maximumNorm, tf.maximum(norm, maximumNorm));
  return Object.fromEntries(
    Object.entries(gradients).map(([name, gradient]) => [name, tf.mul(gradient, factor)]),
  );
}

/** From `start` down to 0 along half a cosine, without restarts (Loshchilov and Hutter, ICLR 2017). */
export function cosineLearningRate(start: number, step: number, totalSteps: number): number {
  return 0.5 * start * (1 + Math.cos((Math.PI * step) / totalSteps));
}

function updateEach(
  weights: Tensors,
  gradients: Tensors,
  weightDecay: number,
  rule: (name: string, weight: Tensor, gradient: Tensor) => Tensors,
): Tensors {
  return Object.assign(
    {},
    ...Object.entries(weights).map(([name, weight]) => {
      const gradient = tensorNamed(gradients, name);
      return rule(name, weight, weightDecay === 0 ? gradient : tf.add(gradient, tf.mul(weight, weightDecay)));
    }),
  ) as Tensors;
}

function decayed(average: Tensor, value: Tensor, decay: number): Tensor {
  return tf.add(tf.mul(average, decay), tf.mul(value, 1 - decay));
}

function slotsLike(prefix: string, weights: NamedArrays): NamedArrays {
  return Object.fromEntries(
    Object.entries(weights).map(([name, { shape }]) => [`${prefix}/${name}`, filled(shape, 0)]),
  );
}

function scalar(value: number): HostTensor {
  return { shape: [], data: Float32Array.of(value) };
}
