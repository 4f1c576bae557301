import { backend_util, type TensorInfo } from '@tensorflow/tfjs-core';
import { tf } from '../../ops.ts';
import { attributes, input, type KernelCall, type KernelTable, type OperationRunner } from './kernel.ts';

/**
 * Convolutions `[batch, height, width, channels]` with filters `[height, width, in, out]`. The package's own kernels
 * refuse padding given as a number, which is how the networks here (and PyTorch's) pad.
 */
export const convolutionKernels: KernelTable = {
  Conv2D({ backend, inputs, attributes: given }) {
    const [x, filter] = [input(inputs, 'x'), input(inputs, 'filter')];
    return backend.executeSingleOutput('Conv2D', geometry(backend, given, x.shape, filter.shape), [
      x,
      filter,
    ]);
  },
  Conv2DBackpropInput({ backend, inputs, attributes: given }) {
    const [dy, filter] = [input(inputs, 'dy'), input(inputs, 'filter')];
    const shape = given['inputShape'] as number[];
    return withSizes(shape, (sizes) =>
      backend.executeSingleOutput('Conv2DBackpropInput', geometry(backend, given, shape, filter.shape), [
        sizes,
        filter,
        dy,
      ]),
    );
  },
  Conv2DBackpropFilter({ backend, inputs, attributes: given }) {
    const [x, dy] = [input(inputs, 'x'), input(inputs, 'dy')];
    const shape = given['filterShape'] as number[];
    return withSizes(shape, (sizes) =>
      backend.executeSingleOutput('Conv2DBackpropFilter', geometry(backend, given, x.shape, shape), [
        x,
        sizes,
        dy,
      ]),
    );
  },
};

type Four = [number, number, number, number];

function geometry(
  backend: OperationRunner,
  given: KernelCall['attributes'],
  inputShape: readonly number[],
  filterShape: readonly number[],
): ReturnType<typeof attributes> {
  const info = backend_util.computeConv2DInfo(
    inputShape as Four,
    filterShape as Four,
    given['strides'] as number | [number, number],
    (given['dilations'] ?? 1) as number | [number, number],
    given['pad'] as 'same' | 'valid' | number,
    given['dimRoundingMode'] as 'floor' | 'round' | 'ceil',
    false,
    'channelsLast',
  );
  const { top, bottom, left, right } = info.padInfo;
  const isPadded = [top, bottom, left, right].some((width) => width > 0);
  return attributes(backend, {
    types: { T: backend.binding.TF_FLOAT },
    strings: { padding: isPadded ? 'EXPLICIT' : 'VALID', data_format: 'NHWC' },
    integers: {
      strides: [1, info.strideHeight, info.strideWidth, 1],
      dilations: [1, info.dilationHeight, info.dilationWidth, 1],
      ...(isPadded ? { explicit_paddings: [0, 0, top, bottom, left, right, 0, 0] } : {}),
    },
  });
}

function withSizes(shape: number[], run: (sizes: TensorInfo) => TensorInfo): TensorInfo {
  const sizes = tf.tensor1d(shape, 'int32');
  const result = run(sizes);
  sizes.dispose();
  return result;
}
