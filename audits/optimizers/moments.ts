import type { HostTensor, TensorSpec } from '../contract/engine.ts';
import { tf } from '../tensor/ops.ts';
import type { Tensor, Tensors } from '../tensor/ops.ts';
import { tensorNamed } from '../surrogates/parameters.ts';
import type { NamedArrays } from '../surrogates/parameters.ts';
import { SCALAR, scalar, slotsLike } from './optimizer.ts';

/** Decay rates of the two moments and the guard of the division: the defaults of the Adam paper and of PyTorch. */
const FIRST_DECAY = 0.9;
const SECOND_DECAY = 0.999;
const EPSILON = 1e-8;

/**
 * The part that Adam and AdamW share (Kingma and Ba, ICLR 2015, algorithm 1): running means of the gradient and of its
 * square, both corrected for their start at 0. The corrections are computed on the host in double precision:
 * `1 - 0.999^1` loses half of its float32 digits.
 */
export const moments = {
  slots: (weights: NamedArrays): NamedArrays => ({
    ...slotsLike('adam/first', weights),
    ...slotsLike('adam/second', weights),
  }),
  inputs: { learningRate: SCALAR, firstCorrection: SCALAR, secondCorrection: SCALAR } satisfies Record<
    string,
    TensorSpec
  >,
  feeds: (step: number, learningRate: number): Readonly<Record<string, HostTensor>> => ({
    learningRate: scalar(learningRate),
    firstCorrection: scalar(1 / (1 - FIRST_DECAY ** (step + 1))),
    secondCorrection: scalar(1 / (1 - SECOND_DECAY ** (step + 1))),
  }),
} as const;

/** @returns the change to subtract from the weight, and the weight's next slots under their names. */
export function moveMoments(
  name: string,
  gradient: Tensor,
  slots: Tensors,
  inputs: Tensors,
): { readonly change: Tensor; readonly slots: Tensors } {
  const first = decayed(tensorNamed(slots, `adam/first/${name}`), gradient, FIRST_DECAY);
  const second = decayed(tensorNamed(slots, `adam/second/${name}`), tf.square(gradient), SECOND_DECAY);
  const size = tf.sqrt(tf.mul(second, tensorNamed(inputs, 'secondCorrection')));
  const rate = tf.mul(tensorNamed(inputs, 'learningRate'), tensorNamed(inputs, 'firstCorrection'));
  return {
    change: tf.div(tf.mul(first, rate), tf.add(size, EPSILON)),
    slots: { [`adam/first/${name}`]: first, [`adam/second/${name}`]: second },
  };
}

function decayed(average: Tensor, value: Tensor, decay: number): Tensor {
  return tf.add(tf.mul(average, decay), tf.mul(value, 1 - decay));
}
