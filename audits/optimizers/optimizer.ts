import type { HostTensor, TensorSpec } from '../contract/engine.ts';
import type { OptimizerId } from '../contract/method.ts';
import { tf } from '../tensor/ops.ts';
import type { Tensor, Tensors } from '../tensor/ops.ts';
import { filled, tensorNamed } from '../surrogates/parameters.ts';
import type { NamedArrays } from '../surrogates/parameters.ts';

/**
 * An update rule as pure functions, so that it can be part of a traced step: slots are state like the weights, and
 * whatever changes from step to step comes in as a scalar input, computed on the host in double precision. A
 * learning-rate schedule therefore never recompiles a step.
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

export interface OptimizerOptions {
  /** Strength of the pull towards 0; what it is added to (gradient or weight) is the rule's own. */
  readonly weightDecay: number;
  /** Looks ahead along the velocity; for rules with momentum only. */
  readonly nesterov?: boolean;
}

export interface OptimizerDefinition {
  /** kebab-case; equals the file name and the value of the `optimizer` setting. */
  readonly id: OptimizerId;
  readonly summary: string;
  /** Whether `nesterov` means anything to it. */
  readonly hasMomentum: boolean;
  /** What it is used with when it takes the place of a loss's own optimizer and nothing else is said. */
  usual(batchSize: number): { readonly learningRate: number; readonly weightDecay: number };
  create(options: OptimizerOptions): Optimizer;
}

/** Applies `rule` to every weight with its gradient. */
export function updateEach(
  weights: Tensors,
  gradients: Tensors,
  rule: (name: string, weight: Tensor, gradient: Tensor) => Tensors,
): Tensors {
  return Object.assign(
    {},
    ...Object.entries(weights).map(([name, weight]) => rule(name, weight, tensorNamed(gradients, name))),
  ) as Tensors;
}

/** The gradient of the loss plus `weightDecay / 2 * |weight|^2` (L2 penalty). */
export function withPenalty(gradient: Tensor, weight: Tensor, weightDecay: number): Tensor {
  return weightDecay === 0 ? gradient : tf.add(gradient, tf.mul(weight, weightDecay));
}

/** One slot of zeros per weight, `prefix/name`. */
export function slotsLike(prefix: string, weights: NamedArrays): NamedArrays {
  return Object.fromEntries(
    Object.entries(weights).map(([name, { shape }]) => [`${prefix}/${name}`, filled(shape, 0)]),
  );
}

export const SCALAR: TensorSpec = { shape: [], dtype: 'float32' };

export function scalar(value: number): HostTensor {
  return { shape: [], data: Float32Array.of(value) };
}
