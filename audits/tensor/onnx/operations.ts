import type { ElementType, Graph, Value } from './graph.ts';

/**
 * Operations on graph values that simplify while they record: broadcasts stay small until something needs the
 * copies, chains of reshapes and transposes collapse, arithmetic on scalar constants is done here.
 */

const count = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);
const same = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((size, i) => size === b[i]);

/** NumPy broadcasting of two shapes. */
export function broadcastShape(a: readonly number[], b: readonly number[]): readonly number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const left = a[i - rank + a.length] ?? 1;
    const right = b[i - rank + b.length] ?? 1;
    if (left !== right && left !== 1 && right !== 1)
      throw new RangeError(`shapes [${a.join()}] and [${b.join()}] do not broadcast`);
    return left === 1 ? right : left;
  });
}

export function integers(graph: Graph, values: readonly number[]): Value {
  return graph.constant(values, [values.length], 'int64');
}

export function scalar(graph: Graph, value: number, type: ElementType = 'float32'): Value {
  return graph.constant([value], [], type);
}

/** A constant tensor; one whose values are all equal stays a broadcast scalar. */
export function literal(
  graph: Graph,
  values: ArrayLike<number>,
  shape: readonly number[],
  type: ElementType,
): Value {
  const first = values[0];
  if (first === undefined || values.length === 1) return graph.constant(values, shape, type);
  for (let i = 1; i < values.length; i++) if (values[i] !== first) return graph.constant(values, shape, type);
  return filled(graph, first, shape, type);
}

export function filled(graph: Graph, value: number, shape: readonly number[], type: ElementType): Value {
  return expand(graph, scalar(graph, value, type), shape);
}

/** Broadcasts to `shape`, lazily: see `Value.broadcastOf`. */
export function expand(graph: Graph, value: Value, shape: readonly number[]): Value {
  const source = value.broadcastOf ?? value;
  if (same(source.shape, shape)) return source;
  const copy = graph.apply('Expand', [source, integers(graph, shape)], { shape, type: source.type });
  return { ...copy, broadcastOf: source };
}

export function cast(graph: Graph, value: Value, type: ElementType): Value {
  if (value.type === type) return value;
  const source = value.broadcastOf ?? value;
  if (source.constant?.length === 1) {
    const number = source.constant[0] ?? 0;
    const converted =
      type === 'bool' ? Number(number !== 0) : type === 'float32' ? number : Math.trunc(number);
    return expand(graph, graph.constant([converted], source.shape, type), value.shape);
  }
  const to = { float32: 1, int32: 6, int64: 7, bool: 9 }[type];
  const result = graph.apply('Cast', [source], { shape: source.shape, type }, { attributes: { to } });
  return expand(graph, result, value.shape);
}

export function reshape(graph: Graph, value: Value, shape: readonly number[]): Value {
  if (same(value.shape, shape)) return value;
  if (value.constant !== undefined) return graph.constant(value.constant, shape, value.type);
  const uniform = value.broadcastOf;
  if (uniform?.constant?.length === 1)
    return expand(graph, graph.constant(uniform.constant, [], value.type), shape);
  const source = value.producer?.operator === 'Reshape' ? value.producer.inputs[0] : value;
  if (source === undefined || same(source.shape, shape)) return source ?? value;
  return graph.apply('Reshape', [source, integers(graph, shape)], { shape, type: value.type });
}

/** Result dimension `i` is `value` dimension `permutation[i]`. */
export function transpose(graph: Graph, value: Value, permutation: readonly number[]): Value {
  const shape = permutation.map((axis) => value.shape[axis] ?? 1);
  // Moving only axes of size 1 keeps the order in memory.
  const moved = permutation.filter((axis) => value.shape[axis] !== 1);
  if (moved.every((axis, i) => i === 0 || axis > (moved[i - 1] ?? 0))) return reshape(graph, value, shape);
  const small = value.broadcastOf;
  if (small !== undefined) {
    const rank = value.shape.length;
    const aligned = [...Array.from({ length: rank - small.shape.length }, () => 1), ...small.shape];
    return expand(graph, transpose(graph, reshape(graph, small, aligned), permutation), shape);
  }
  const source = value.permuted?.source;
  const total = value.permuted?.permutation;
  if (source !== undefined && total !== undefined)
    return transpose(
      graph,
      source,
      permutation.map((axis) => total[axis] ?? 0),
    );
  return { ...mergedTranspose(graph, value, permutation), permuted: { source: value, permutation } };
}

/**
 * The runtime moves blocks fast and swaps two dimensions fast, but is five times slower on a general permutation.
 * Axes that stay neighbors are therefore merged, and a reversal of three is done as two swaps.
 */
function mergedTranspose(graph: Graph, value: Value, permutation: readonly number[]): Value {
  const shape = permutation.map((axis) => value.shape[axis] ?? 1);
  const real = permutation.filter((axis) => value.shape[axis] !== 1);
  const sorted = real.toSorted((a, b) => a - b);
  const runs: number[][] = [];
  for (const axis of real) {
    const run = runs.at(-1);
    const previous = run?.at(-1);
    if (run !== undefined && previous !== undefined && sorted.indexOf(axis) === sorted.indexOf(previous) + 1)
      run.push(axis);
    else runs.push([axis]);
  }
  const inMemory = runs.toSorted((a, b) => (a[0] ?? 0) - (b[0] ?? 0));
  const sizes = inMemory.map((run) => count(run.map((axis) => value.shape[axis] ?? 1)));
  const order = runs.map((run) => inMemory.indexOf(run));
  let moved = reshape(graph, value, sizes);
  if (order.join() === '2,1,0') {
    const [a = 1, b = 1, c = 1] = sizes;
    moved = plainTranspose(graph, moved, [0, 2, 1]);
    moved = plainTranspose(graph, reshape(graph, moved, [a, c * b]), [1, 0]);
  } else moved = plainTranspose(graph, moved, order);
  return reshape(graph, moved, shape);
}

function plainTranspose(graph: Graph, value: Value, perm: readonly number[]): Value {
  const shape = perm.map((axis) => value.shape[axis] ?? 1);
  return graph.apply('Transpose', [value], { shape, type: value.type }, { attributes: { perm } });
}

/** Operators with scalar arithmetic known here; comparisons and the rest are left to the runtime. */
const scalarArithmetic: Readonly<Record<string, (a: number, b: number) => number>> = {
  Add: (a, b) => a + b,
  Sub: (a, b) => a - b,
  Mul: (a, b) => a * b,
  Div: (a, b) => a / b,
};

/** `x op neutral = x`, for an operand on the right; the commutative ones hold on the left too. */
const neutralRight: Readonly<Record<string, number>> = { Add: 0, Sub: 0, Mul: 1, Div: 1 };
const commutative = new Set(['Add', 'Mul', 'Max', 'Min', 'And', 'Or', 'Equal']);

/** An element-wise operator of two operands with broadcasting. */
export function binary(
  graph: Graph,
  operator: string,
  left: Value,
  right: Value,
  type: ElementType = left.type,
): Value {
  const shape = broadcastShape(left.shape, right.shape);
  let a = left.broadcastOf ?? left;
  let b = right.broadcastOf ?? right;
  if (commutative.has(operator) && a.constant !== undefined && b.constant === undefined) [a, b] = [b, a];
  if (isScalarConstant(b, neutralRight[operator]) && a.type === type && b.shape.length <= a.shape.length)
    return expand(graph, a, shape);
  const fold = scalarArithmetic[operator];
  const inner = broadcastShape(a.shape, b.shape);
  if (fold && type === 'float32' && a.constant?.length === 1 && b.constant?.length === 1) {
    const folded = Math.fround(fold(a.constant[0] ?? 0, b.constant[0] ?? 0));
    return expand(graph, graph.constant([folded], inner, type), shape);
  }
  return expand(graph, graph.apply(operator, [a, b], { shape: inner, type }), shape);
}

function isScalarConstant(value: Value, number: number | undefined): boolean {
  return number !== undefined && value.constant?.length === 1 && value.constant[0] === number;
}

/** An element-wise operator of one operand, applied before any broadcast. */
export function unary(
  graph: Graph,
  operator: string,
  value: Value,
  options: {
    readonly type?: ElementType;
    readonly attributes?: Readonly<Record<string, { float: number }>>;
  } = {},
): Value {
  const source = value.broadcastOf ?? value;
  const result = graph.apply(
    operator,
    [source],
    { shape: source.shape, type: options.type ?? value.type },
    { attributes: options.attributes ?? {} },
  );
  return expand(graph, result, value.shape);
}

export type Reduction = 'ReduceSum' | 'ReduceMean' | 'ReduceMax' | 'ReduceMin' | 'ReduceProd';

/** Reduces over `axes`, which stay as size 1. */
export function reduce(graph: Graph, operator: Reduction, value: Value, axes: readonly number[]): Value {
  const shape = value.shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
  // Axes of size 1 have nothing to reduce.
  const real = axes.filter((axis) => (value.shape[axis] ?? 1) !== 1).sort((a, b) => a - b);
  if (real.length === 0) return reshape(graph, value, shape);
  const output = { shape, type: value.type };
  if (operator === 'ReduceSum')
    return graph.apply(operator, [value, integers(graph, real)], output, { attributes: { keepdims: 1 } });
  return graph.apply(operator, [value], output, { attributes: { axes: real, keepdims: 1 } });
}

/** Elements per position along the given axes. */
export function sizeAlong(shape: readonly number[], axes: readonly number[]): number {
  return count(axes.map((axis) => shape[axis] ?? 1));
}
