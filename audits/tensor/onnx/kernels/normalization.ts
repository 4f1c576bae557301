import type { FusedBatchNormAttrs } from '@tensorflow/tfjs-core';
import type { Graph, Value } from '../graph.ts';
import { align, arrange, channelsFirst, logicalShape, type Traced } from '../layout.ts';
import { binary, reshape, scalar, unary } from '../operations.ts';
import { kernel, type KernelTable } from './kernel.ts';

type Inputs = 'x' | 'mean' | 'variance' | 'offset' | 'scale';

/** The runtime's operator wants `[batch, channels, height, width]` and one value per channel. */
function perChannel(graph: Graph, statistic: Traced, channels: number): Value {
  return reshape(graph, statistic.value, [channels]);
}

export const normalizationKernels: KernelTable = {
  FusedBatchNorm: kernel<Inputs, FusedBatchNormAttrs>((graph, inputs, { varianceEpsilon }) => {
    const { x, mean, variance } = inputs;
    // tfjs-core leaves out what the caller left out.
    const optional: Partial<Record<Inputs, Traced>> = inputs;
    const channels = logicalShape(x).at(-1) ?? 1;
    const isPerChannel = [mean, variance].every(({ value }) => value.shape.join() === `${channels}`);
    if (x.order.length === 4 && isPerChannel) {
      const value = arrange(graph, x, channelsFirst);
      const or = (given: Traced | undefined, number: number): Value =>
        given === undefined
          ? graph.constant(new Float32Array(channels).fill(number), [channels], 'float32')
          : perChannel(graph, given, channels);
      const operands = [value, or(optional.scale, 1), or(optional.offset, 0), mean.value, variance.value];
      const attributes = { epsilon: { float: varianceEpsilon } };
      return {
        value: graph.apply('BatchNormalization', operands, value, { attributes }),
        order: channelsFirst,
      };
    }
    const one: Traced = { value: scalar(graph, 1), order: [] };
    const zero: Traced = { value: scalar(graph, 0), order: [] };
    const operands = [x, mean, variance, optional.scale ?? one, optional.offset ?? zero];
    const { values, order } = align(graph, operands);
    const [input, center, spread, scale, offset] = values as [Value, Value, Value, Value, Value];
    const deviation = unary(graph, 'Sqrt', binary(graph, 'Add', spread, scalar(graph, varianceEpsilon)));
    const factor = binary(graph, 'Div', scale, deviation);
    const centered = binary(graph, 'Sub', input, center);
    return { value: binary(graph, 'Add', binary(graph, 'Mul', centered, factor), offset), order };
  }),
};
