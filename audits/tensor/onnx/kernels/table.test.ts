import { expect, test } from 'vitest';
import type { HostTensor, StepDefinition } from '../../../contract/engine.ts';
import { createRng } from '../../../rng.ts';
import { tf, type Tensor, type Tensors, type Tensor1D, type Tensor2D, type Tensor4D } from '../../ops.ts';
import { createReferenceEngine } from '../../reference/engine.ts';
import { compileStep } from '../compile.ts';
import { kernelTable } from './table.ts';

type Shapes = Readonly<Record<string, readonly number[]>>;
type Body = (inputs: Tensors) => Tensor | readonly Tensor[];

interface Case {
  readonly inputs: Shapes;
  readonly run: Body;
  /** Draws values where the kernel is defined: positive, small integers ... */
  readonly values?: 'positive' | 'integer';
  readonly note?: string;
}

const pair: Shapes = { a: [3, 4], b: [3, 4] };
const one: Shapes = { x: [3, 5] };
const images: Shapes = { x: [2, 5, 6, 3] };

const of = (inputs: Shapes, run: Body, rest: Omit<Case, 'inputs' | 'run'> = {}): Case => ({
  inputs,
  run,
  ...rest,
});
const binary = (run: (a: Tensor, b: Tensor) => Tensor, values?: 'positive' | 'integer'): readonly Case[] =>
  [pair, { a: [2, 3, 4], b: [4] }, { a: [1, 4], b: [3, 1] }].map((inputs) =>
    of(inputs, ({ a, b }) => tf.cast(run(a!, b!), 'float32'), values === undefined ? {} : { values }),
  );
const unary = (run: (x: Tensor) => Tensor, values?: 'positive' | 'integer'): readonly Case[] => [
  of(one, ({ x }) => tf.cast(run(x!), 'float32'), values === undefined ? {} : { values }),
  of(images, ({ x }) => tf.cast(run(tf.transpose(x!, [2, 0, 3, 1])), 'float32'), {
    ...(values === undefined ? {} : { values }),
    note: 'another axis order',
  }),
];
const reduction = (run: (x: Tensor, axes?: number[], keep?: boolean) => Tensor): readonly Case[] => [
  of(one, ({ x }) => run(x!)),
  of(images, ({ x }) => run(x!, [1, 2])),
  of(images, ({ x }) => run(tf.transpose(x!, [0, 3, 1, 2]), [1], true), { note: 'another axis order' }),
  of(images, ({ x }) => run(tf.transpose(x!, [3, 1, 0, 2]), [0, 2]), { note: 'the rest changes order' }),
];
const whole = (x: Tensor): Tensor1D => tf.cast(tf.abs(x), 'int32') as Tensor1D;
const bool = (x: Tensor): Tensor => tf.greater(x, 0);

const convolutions = [1, 2].flatMap((stride) =>
  [1, 3].flatMap((size) =>
    [
      [8, 8],
      [7, 5],
    ].flatMap(([height, width]) =>
      (['same', 'valid'] as const).map((pad) => ({
        stride,
        pad,
        shapes: { x: [2, height!, width!, 3], filter: [size, size, 3, 4] } satisfies Shapes,
      })),
    ),
  ),
);

/** Enough channels for the runtime's blocked layout, whatever the processor: 16 and 32 are whole numbers of blocks. */
const blockedConvolutions = [
  { stride: 1, pad: 'same' as const, shapes: { x: [2, 6, 5, 16], filter: [3, 3, 16, 32] } },
  { stride: 1, pad: 'valid' as const, shapes: { x: [2, 6, 5, 32], filter: [3, 3, 32, 16] } },
  { stride: 2, pad: 'same' as const, shapes: { x: [2, 6, 8, 32], filter: [3, 3, 32, 32] } },
  { stride: 2, pad: 1, shapes: { x: [2, 6, 8, 32], filter: [3, 3, 32, 16] } },
  { stride: 2, pad: 1, shapes: { x: [1, 7, 8, 16], filter: [3, 3, 16, 16] } },
  { stride: 3, pad: 2, shapes: { x: [1, 9, 6, 16], filter: [5, 5, 16, 16] } },
  { stride: 1, pad: 'same' as const, shapes: { x: [2, 3, 4, 32], filter: [1, 1, 32, 48] } },
  { stride: 2, pad: 'same' as const, shapes: { x: [2, 6, 6, 16], filter: [1, 1, 16, 32] } },
] satisfies readonly { readonly shapes: Shapes; readonly [key: string]: unknown }[];
const allConvolutions = [...convolutions, ...blockedConvolutions];

/** How to reach each kernel through the public operations; gradients where only a gradient reaches it. */
const cases: Readonly<Record<string, readonly Case[]>> = {
  Add: binary(tf.add),
  AddN: [of({ ...pair, c: [3, 4] }, ({ a, b, c }) => tf.addN([a!, b!, c!]))],
  Sub: binary(tf.sub),
  Multiply: binary(tf.mul),
  RealDiv: binary(tf.div, 'positive'),
  Pow: binary(tf.pow, 'positive'),
  Maximum: binary(tf.maximum),
  Minimum: binary(tf.minimum),
  SquaredDifference: binary(tf.squaredDifference),
  Greater: binary(tf.greater, 'integer'),
  GreaterEqual: binary(tf.greaterEqual, 'integer'),
  Less: binary(tf.less, 'integer'),
  LessEqual: binary(tf.lessEqual, 'integer'),
  Equal: binary(tf.equal, 'integer'),
  NotEqual: binary(tf.notEqual, 'integer'),
  LogicalAnd: binary((a, b) => tf.logicalAnd(bool(a), bool(b))),
  LogicalOr: binary((a, b) => tf.logicalOr(bool(a), bool(b))),
  LogicalNot: unary((x) => tf.logicalNot(bool(x))),
  Relu: unary(tf.relu),
  Sqrt: unary(tf.sqrt, 'positive'),
  Rsqrt: unary(tf.rsqrt, 'positive'),
  Neg: unary(tf.neg),
  Exp: unary(tf.exp),
  Log: unary(tf.log, 'positive'),
  Abs: unary(tf.abs),
  Square: unary(tf.square),
  Sigmoid: unary(tf.sigmoid),
  Tanh: unary(tf.tanh),
  Sign: unary(tf.sign, 'integer'),
  Reciprocal: unary(tf.reciprocal, 'positive'),
  Floor: unary(tf.floor),
  Ceil: unary(tf.ceil),
  Round: unary(tf.round),
  Sin: unary(tf.sin),
  Cos: unary(tf.cos),
  Erf: unary(tf.erf),
  Softplus: unary(tf.softplus),
  Elu: unary(tf.elu),
  EluGrad: [of(one, ({ x }) => tf.grad((each) => tf.elu(each))(x!))],
  LeakyRelu: unary((x) => tf.leakyRelu(x, 0.3)),
  Step: [...unary((x) => tf.step(x)), ...unary((x) => tf.step(x, 0.25))],
  ClipByValue: unary((x) => tf.clipByValue(x, -0.5, 0.7)),
  Identity: unary(tf.clone),
  Cast: [
    of(one, ({ x }) => tf.cast(x!, 'int32')),
    of(one, ({ x }) => tf.cast(tf.cast(x!, 'bool'), 'float32'), { values: 'integer' }),
  ],
  Select: [
    of(pair, ({ a, b }) => tf.where(bool(a!), a!, b!)),
    of({ a: [3, 1], b: [1, 4] }, ({ a, b }) => tf.where(bool(a!), a!, b!), { note: 'broadcast' }),
  ],
  Sum: reduction(tf.sum),
  Mean: reduction(tf.mean),
  Max: reduction(tf.max),
  Min: reduction(tf.min),
  Prod: reduction(tf.prod),
  ArgMax: [of(one, ({ x }) => tf.argMax(x!, 1)), of(images, ({ x }) => tf.argMax(tf.transpose(x!), 1))],
  ArgMin: [of(one, ({ x }) => tf.argMin(x!, 0))],
  Softmax: [of(one, ({ x }) => tf.softmax(x!))],
  Cumsum: [of(one, ({ x }) => tf.cumsum(x!, 1)), of(one, ({ x }) => tf.cumsum(x!, 0, true, true))],
  Reshape: [
    of(images, ({ x }) => tf.reshape(x!, [10, -1])),
    of(images, ({ x }) => tf.reshape(tf.transpose(x!), [-1]), { note: 'another axis order' }),
    of({ x: [2, 5, 1, 3] }, ({ x }) => tf.reshape(tf.transpose(x!), [1, 3, 5, 1, 2]), { note: 'sizes of 1' }),
    of({ x: [1, 4, 3] }, ({ x }) => tf.add(tf.reshape(tf.transpose(x!), [3, 4]), tf.ones([3, 4])), {
      note: 'squeeze',
    }),
  ],
  ExpandDims: [of(images, ({ x }) => tf.expandDims(tf.transpose(x!, [0, 3, 1, 2]), 2))],
  Transpose: [of(images, ({ x }) => tf.transpose(tf.transpose(x!, [3, 0, 1, 2]), [1, 3, 0, 2]))],
  // oxlint-disable-next-line unicorn/no-array-fill-with-reference-type -- the rule takes tf.fill for Array.fill
  Fill: [of(one, ({ x }) => tf.add(x!, tf.fill([1, 5], 2.5)))],
  ZerosLike: [of(one, ({ x }) => tf.zerosLike(x!))],
  OnesLike: [of(one, ({ x }) => tf.onesLike(tf.transpose(x!)))],
  Range: [of(one, ({ x }) => tf.add(x!, tf.range(1, 11, 2)))],
  Tile: [
    of(one, ({ x }) => tf.tile(x!, [2, 3])),
    of({ x: [3, 1] }, ({ x }) => tf.concat([tf.tile(x!, [1, 4]), x!], 1), { note: 'pure broadcast' }),
  ],
  Concat: [
    of(pair, ({ a, b }) => tf.concat([a!, b!], 1)),
    of(pair, ({ a, b }) => tf.concat([a!, tf.transpose(tf.transpose(b!))], 0)),
    of({ a: [3, 4], b: [4, 3] }, ({ a, b }) => tf.concat([a!, tf.transpose(b!)], -1), {
      note: 'different axis orders',
    }),
  ],
  Pack: [of(pair, ({ a, b }) => tf.stack([a!, b!], 1)), of(pair, ({ a, b }) => tf.stack([a!, b!], -1))],
  Unpack: [of(one, ({ x }) => tf.unstack(x!, 1))],
  SplitV: [of(one, ({ x }) => tf.split(x!, [2, 3], 1))],
  Slice: [
    of(images, ({ x }) => tf.slice(x!, [0, 1, 2, 0], [2, 3, -1, 2])),
    of(images, ({ x }) => tf.slice(tf.transpose(x!), [1], [2]), { note: 'another axis order' }),
  ],
  StridedSlice: [
    of(images, ({ x }) => tf.stridedSlice(x!, [0, 1, 0, 0], [2, 5, 6, 3], [1, 2, 3, 1])),
    of(one, ({ x }) => tf.stridedSlice(x!, [2, 4], [0, 0], [-1, -2])),
  ],
  PadV2: [
    of(images, ({ x }) =>
      tf.pad(x!, [
        [0, 0],
        [1, 2],
        [2, 0],
        [0, 1],
      ]),
    ),
    of(one, ({ x }) => tf.pad(tf.transpose(x!) as Tensor2D, [[1, 0], [0, 2]], 3)), // prettier-ignore
  ],
  Reverse: [of(images, ({ x }) => tf.reverse(tf.transpose(x!), [0, 2]))],
  GatherV2: [
    of(one, ({ x }) => tf.gather(x!, tf.tensor1d([2, 0, 2], 'int32'))),
    of(one, ({ x }) => tf.gather(tf.transpose(x!), tf.tensor2d([[1], [0]], [2, 1], 'int32'), 1)),
  ],
  OneHot: [of(one, ({ x }) => tf.oneHot(tf.cast(tf.abs(x!), 'int32'), 4, 2, -1), { values: 'integer' })],
  UnsortedSegmentSum: [of(one, ({ x }) => tf.unsortedSegmentSum(x!, tf.tensor1d([1, 0, 1], 'int32'), 4))],
  Bincount: [
    of({ a: [7], b: [7] }, ({ a, b }) => tf.bincount(whole(a!), b as Tensor1D, 4), { values: 'integer' }),
    of({ a: [7] }, ({ a }) => tf.bincount(whole(a!), tf.tensor1d([]), 3), {
      values: 'integer',
      note: 'no weights',
    }),
  ],
  BatchMatMul: [
    ...[false, true].flatMap((ta) =>
      [false, true].map((tb) =>
        of({ a: ta ? [4, 3] : [3, 4], b: tb ? [5, 4] : [4, 5] }, ({ a, b }) => tf.matMul(a!, b!, ta, tb)),
      ),
    ),
    of({ a: [4, 3], b: [4, 5] }, ({ a, b }) => tf.matMul(tf.transpose(a!), b!), { note: 'lazy transpose' }),
    of({ a: [2, 3, 4], b: [2, 5, 4] }, ({ a, b }) => tf.matMul(a!, b!, false, true)),
    of({ a: [2, 4, 3], b: [1, 4, 5] }, ({ a, b }) => tf.matMul(tf.transpose(a!, [0, 2, 1]), b!)),
  ],
  Conv2D: [
    ...allConvolutions.map(({ shapes, stride, pad }) =>
      of(shapes, ({ x, filter }) => tf.conv2d(x as Tensor4D, filter as Tensor4D, stride, pad)),
    ),
    of({ x: [1, 9, 9, 2], filter: [3, 3, 2, 2] }, ({ x, filter }) =>
      tf.conv2d(x as Tensor4D, filter as Tensor4D, 1, 'same', 'NHWC', 2),
    ),
  ],
  Conv2DBackpropInput: allConvolutions.map(({ shapes, stride, pad }) =>
    of(shapes, ({ x, filter }) =>
      tf.grad((each) => tf.square(tf.conv2d(each as Tensor4D, filter as Tensor4D, stride, pad)))(x!),
    ),
  ),
  Conv2DBackpropFilter: allConvolutions.map(({ shapes, stride, pad }) =>
    of(shapes, ({ x, filter }) =>
      tf.grad((each) => tf.square(tf.conv2d(x as Tensor4D, each as Tensor4D, stride, pad)))(filter!),
    ),
  ),
  FusedBatchNorm: [
    of({ ...images, m: [3], v: [3], s: [3], o: [3] }, ({ x, m, v, s, o }) =>
      tf.batchNorm(x!, m as Tensor1D, tf.abs(v as Tensor1D), o, s, 1e-3),
    ),
    of({ ...images, m: [3], v: [3] }, ({ x, m, v }) =>
      tf.batchNorm(x!, m as Tensor1D, tf.abs(v as Tensor1D), undefined, undefined, 1e-3),
    ),
    of({ ...one, m: [5], v: [5], s: [5] }, ({ x, m, v, s }) =>
      tf.batchNorm(x!, m as Tensor1D, tf.abs(v as Tensor1D), undefined, s, 1e-3),
    ),
  ],
};

test('every kernel of the table has a case', () => {
  expect(Object.keys(cases).sort()).toEqual(Object.keys(kernelTable).sort());
});

const reference = createReferenceEngine();

test.each(Object.entries(cases))('%s computes what TensorFlow.js computes', async (kernelName, list) => {
  for (const [index, { inputs, run, values, note }] of list.entries()) {
    const label = `${kernelName} #${index}${note === undefined ? '' : ` (${note})`}`;
    const rng = createRng(label);
    const draw = (): number => {
      if (values === 'integer') return rng.integer(5) - 2;
      return values === 'positive' ? 0.2 + rng.uniform() : 2 * rng.normal();
    };
    const feeds: Record<string, HostTensor> = {};
    for (const [name, shape] of Object.entries(inputs)) {
      const length = shape.reduce((product, size) => product * size, 1);
      feeds[name] = { shape, data: Float32Array.from({ length }, draw) };
    }
    const definition: StepDefinition<Tensor> = {
      name: label,
      state: {},
      inputs: Object.fromEntries(
        Object.entries(inputs).map(([name, shape]) => [name, { shape, dtype: 'float32' }]),
      ),
      step(_, tensors) {
        const result = run(tensors);
        const outputs = Array.isArray(result) ? (result as readonly Tensor[]) : [result as Tensor];
        return { state: {}, outputs: Object.fromEntries(outputs.map((tensor, i) => [`y${i}`, tensor])) };
      },
    };
    const compiled = await compileStep(definition, 1);
    const got = await compiled.run(feeds);
    let expected: Readonly<Record<string, HostTensor>> = {};
    const profile = await tf.profile(async () => {
      expected = await (await reference.compile(definition)).run(feeds);
      return [];
    });
    expect(profile.kernelNames, `${label} calls its kernel`).toContain(kernelName);
    await compiled.dispose();
    for (const [name, { shape, data }] of Object.entries(expected)) {
      expect(got[name]?.shape, label).toEqual(shape);
      const actual = got[name]?.data ?? [];
      expect(actual.length, label).toBe(data.length);
      // Sums cancel: single values are as exact as the largest one allows.
      const tolerance =
        1e-5 * Array.from(data).reduce((largest, value) => Math.max(largest, Math.abs(value)), 1);
      data.forEach((value, i) => {
        if (!(Math.abs((actual[i] ?? NaN) - value) <= tolerance))
          expect.fail(`${label}: ${name}[${i}] is ${String(actual[i])}, expected ${value}`);
      });
    }
  }
});
