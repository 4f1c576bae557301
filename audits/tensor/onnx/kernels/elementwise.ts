import type { CastAttrs, ClipByValueAttrs, DataType, LeakyReluAttrs, StepAttrs } from '@tensorflow/tfjs-core';
import type { ElementType, Graph, Value } from '../graph.ts';
import { align } from '../layout.ts';
import { binary, broadcastShape, cast, expand, scalar, unary } from '../operations.ts';
import { kernel, listKernel, type KernelTable, type TraceKernel } from './kernel.ts';

/** Element types of TensorFlow.js that a step can have; `string` and `complex64` it cannot. */
export function toElementType(dtype: DataType): ElementType {
  if (dtype === 'string' || dtype === 'complex64') throw new TypeError(`${dtype} tensors cannot be compiled`);
  return dtype;
}

function pairwise(record: (graph: Graph, a: Value, b: Value) => Value): TraceKernel {
  return kernel<'a' | 'b'>((graph, { a, b }) => {
    const { values, order } = align(graph, [a, b]);
    const [left, right] = values as [Value, Value];
    return { value: record(graph, left, right), order };
  });
}

const arithmetic = (operator: string): TraceKernel =>
  pairwise((graph, a, b) => binary(graph, operator, a, b));
const comparison = (operator: string): TraceKernel =>
  pairwise((graph, a, b) => binary(graph, operator, a, b, 'bool'));

function pointwise(record: (graph: Graph, x: Value) => Value): TraceKernel {
  return kernel<'x'>((graph, { x }) => ({ value: record(graph, x.value), order: x.order }));
}

const simple = (operator: string): TraceKernel => pointwise((graph, x) => unary(graph, operator, x));

/** `dy * slope`, where the slope depends on the activation's output: what gradients of activations compute. */
const eluGradient = kernel<'dy' | 'y'>((graph, { dy, y }) => {
  const { values, order } = align(graph, [dy, y]);
  const [gradient, output] = values as [Value, Value];
  const negative = binary(graph, 'Mul', gradient, binary(graph, 'Add', output, scalar(graph, 1)));
  const positive = binary(graph, 'Greater', output, scalar(graph, 0), 'bool');
  return { value: select(graph, positive, gradient, negative), order };
});

export function select(graph: Graph, condition: Value, whenTrue: Value, whenFalse: Value): Value {
  const shape = broadcastShape(broadcastShape(condition.shape, whenTrue.shape), whenFalse.shape);
  const operands = [condition, whenTrue, whenFalse].map((value) => value.broadcastOf ?? value);
  const inner = operands.map((value) => value.shape).reduce(broadcastShape);
  return expand(graph, graph.apply('Where', operands, { shape: inner, type: whenTrue.type }), shape);
}

export const elementwiseKernels: KernelTable = {
  Add: arithmetic('Add'),
  AddN: listKernel((graph, inputs) => {
    const { values, order } = align(graph, inputs);
    return { value: values.reduce((sum, value) => binary(graph, 'Add', sum, value)), order };
  }),
  Sub: arithmetic('Sub'),
  Multiply: arithmetic('Mul'),
  RealDiv: arithmetic('Div'),
  Pow: arithmetic('Pow'),
  Maximum: arithmetic('Max'),
  Minimum: arithmetic('Min'),
  SquaredDifference: pairwise((graph, a, b) => {
    const difference = binary(graph, 'Sub', a, b);
    return binary(graph, 'Mul', difference, difference);
  }),

  Greater: comparison('Greater'),
  GreaterEqual: comparison('GreaterOrEqual'),
  Less: comparison('Less'),
  LessEqual: comparison('LessOrEqual'),
  Equal: comparison('Equal'),
  NotEqual: pairwise((graph, a, b) => unary(graph, 'Not', binary(graph, 'Equal', a, b, 'bool'))),
  LogicalAnd: comparison('And'),
  LogicalOr: comparison('Or'),
  LogicalNot: simple('Not'),

  Relu: simple('Relu'),
  Sqrt: simple('Sqrt'),
  Rsqrt: pointwise((graph, x) => unary(graph, 'Reciprocal', unary(graph, 'Sqrt', x))),
  Neg: simple('Neg'),
  Exp: simple('Exp'),
  Log: simple('Log'),
  Abs: simple('Abs'),
  Square: pointwise((graph, x) => binary(graph, 'Mul', x, x)),
  Sigmoid: simple('Sigmoid'),
  Tanh: simple('Tanh'),
  Sign: simple('Sign'),
  Reciprocal: simple('Reciprocal'),
  Floor: simple('Floor'),
  Ceil: simple('Ceil'),
  Round: simple('Round'),
  Sin: simple('Sin'),
  Cos: simple('Cos'),
  Erf: simple('Erf'),
  Softplus: simple('Softplus'),
  Elu: simple('Elu'),
  EluGrad: eluGradient,
  LeakyRelu: kernel<'x', LeakyReluAttrs>((graph, { x }, { alpha }) => ({
    value: unary(graph, 'LeakyRelu', x.value, { attributes: { alpha: { float: alpha } } }),
    order: x.order,
  })),
  Step: kernel<'x', StepAttrs>((graph, { x }, { alpha }) => {
    const { value, order } = x;
    const positive = binary(graph, 'Greater', value, scalar(graph, 0, value.type), 'bool');
    const one = cast(graph, positive, value.type);
    if (alpha === 0) return { value: one, order };
    return { value: select(graph, positive, one, scalar(graph, alpha, value.type)), order };
  }),
  ClipByValue: kernel<'x', ClipByValueAttrs>((graph, { x }, { clipValueMin, clipValueMax }) => {
    const bounds = [clipValueMin, clipValueMax].map((bound) => scalar(graph, bound, x.value.type));
    const output = { shape: x.value.shape, type: x.value.type };
    return { value: graph.apply('Clip', [x.value, ...bounds], output), order: x.order };
  }),

  Identity: pointwise((_, x) => x),
  Cast: kernel<'x', CastAttrs>((graph, { x }, { dtype }) => ({
    value: cast(graph, x.value, toElementType(dtype)),
    order: x.order,
  })),
  Select: kernel<'condition' | 't' | 'e'>((graph, { condition, t, e }) => {
    const { values, order } = align(graph, [condition, t, e]);
    const [test, whenTrue, whenFalse] = values as [Value, Value, Value];
    return { value: select(graph, test, whenTrue, whenFalse), order };
  }),
};
