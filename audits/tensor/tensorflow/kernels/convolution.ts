import { backend_util, type TensorInfo } from '@tensorflow/tfjs-core';
import { tf, type Tensor, type Tensor4D } from '../../ops.ts';
import type { OperationAttribute } from '../binding.ts';
import { attributes, input, type KernelCall, type KernelTable, type OperationRunner } from './kernel.ts';

/**
 * Convolutions `[batch, height, width, channels]` with filters `[height, width, in, out]`. The package's own kernels
 * refuse padding given as a number, which is how the networks here (and PyTorch's) pad; and where TensorFlow is told
 * the widths (`EXPLICIT`), it computes gradients without oneDNN, at half the speed. So padding is `SAME` where that
 * means the same widths, as with stride 1, and otherwise an operation of its own.
 */
export const convolutionKernels: KernelTable = {
  Conv2D({ backend, inputs, attributes: given }) {
    const [x, filter] = [input(inputs, 'x'), input(inputs, 'filter')];
    const plan = planConvolution(backend, given, x.shape, filter.shape);
    return tf.tidy(() =>
      tensor(backend.executeSingleOutput('Conv2D', plan.attributes, [padded(x, plan), filter])),
    );
  },
  Conv2DBackpropInput({ backend, inputs, attributes: given }) {
    const [dy, filter] = [input(inputs, 'dy'), input(inputs, 'filter')];
    const shape = given['inputShape'] as Four;
    const plan = planConvolution(backend, given, shape, filter.shape);
    return tf.tidy(() => {
      const sizes = tf.tensor1d(plan.paddedShape, 'int32');
      const dx = backend.executeSingleOutput('Conv2DBackpropInput', plan.attributes, [sizes, filter, dy]);
      if (plan.padding === null) return tensor(dx);
      return tf.slice4d(dx as Tensor4D, [0, plan.padding[1][0], plan.padding[2][0], 0], shape);
    });
  },
  Conv2DBackpropFilter({ backend, inputs, attributes: given }) {
    const [x, dy] = [input(inputs, 'x'), input(inputs, 'dy')];
    const shape = given['filterShape'] as Four;
    const plan = planConvolution(backend, given, x.shape, shape);
    return tf.tidy(() => {
      const sizes = tf.tensor1d(shape, 'int32');
      return tensor(
        backend.executeSingleOutput('Conv2DBackpropFilter', plan.attributes, [padded(x, plan), sizes, dy]),
      );
    });
  },
};

type Four = [number, number, number, number];
type Pair = [before: number, after: number];

interface ConvolutionPlan {
  readonly attributes: readonly OperationAttribute[];
  /** Zeros around the input that the operation does not add itself; per dimension. */
  readonly padding: [Pair, Pair, Pair, Pair] | null;
  /** Of the input with these zeros. */
  readonly paddedShape: Four;
}

function planConvolution(
  backend: OperationRunner,
  given: KernelCall['attributes'],
  inputShape: readonly number[],
  filterShape: readonly number[],
): ConvolutionPlan {
  const info = (pad: 'same' | 'valid' | number): backend_util.Conv2DInfo =>
    backend_util.computeConv2DInfo(
      inputShape as Four,
      filterShape as Four,
      given['strides'] as number | [number, number],
      (given['dilations'] ?? 1) as number | [number, number],
      pad,
      given['dimRoundingMode'] as 'floor' | 'round' | 'ceil',
    );
  const asked = info(given['pad'] as 'same' | 'valid' | number);
  const widths = ({ padInfo }: backend_util.Conv2DInfo): readonly number[] => [
    padInfo.top,
    padInfo.bottom,
    padInfo.left,
    padInfo.right,
  ];
  const { top, bottom, left, right } = asked.padInfo;
  const isSame = widths(asked).join() === widths(info('same')).join();
  const needsPadding = !isSame && widths(asked).some((width) => width > 0);
  const [batch, height, width, channels] = inputShape as Four;
  return {
    attributes: attributes(backend, {
      types: { T: backend.binding.TF_FLOAT },
      strings: { padding: isSame ? 'SAME' : 'VALID', data_format: 'NHWC' },
      integers: {
        strides: [1, asked.strideHeight, asked.strideWidth, 1],
        dilations: [1, asked.dilationHeight, asked.dilationWidth, 1],
      },
    }),
    padding: needsPadding
      ? [
          [0, 0],
          [top, bottom],
          [left, right],
          [0, 0],
        ]
      : null,
    paddedShape: needsPadding
      ? [batch, height + top + bottom, width + left + right, channels]
      : [batch, height, width, channels],
  };
}

function padded(x: TensorInfo, { padding }: ConvolutionPlan): TensorInfo {
  return padding === null ? x : tf.pad4d(x as Tensor4D, padding);
}

/** What the package's backend returns is a tensor, though declared as less. */
function tensor(info: TensorInfo): Tensor {
  return info as Tensor;
}
