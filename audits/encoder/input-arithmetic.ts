import { tensorDataType, type OnnxModel, type OnnxNode, type OnnxTensor } from '../tensor/onnx/proto.ts';

/** `pixel * scale + shift` per channel: what a graph does to its image input before the first real layer. */
export interface InputArithmetic {
  readonly scale: readonly [number, number, number];
  readonly shift: readonly [number, number, number];
  /** The operators found, in order. */
  readonly operators: readonly string[];
}

/** These move or retype values without changing them. */
const transparent = new Set(['Identity', 'Cast', 'Transpose', 'QuantizeLinear', 'DequantizeLinear']);

/** No graph normalizes its input with more steps than this; a chain that is longer is something else. */
const MAX_STEPS = 12;

/**
 * Follows an image input through additions and multiplications by constants (one, or one per channel).
 * Undefined when the graph does no arithmetic on it before its first layer.
 */
export function inputArithmetic(model: OnnxModel, input: string): InputArithmetic | undefined {
  const constants = constantsOf(model);
  let scale: Channels = [1, 1, 1];
  let shift: Channels = [0, 0, 0];
  const operators: string[] = [];
  let value = input;
  for (let step = 0; step < MAX_STEPS; step++) {
    const consumers = model.graph.node.filter((node) => node.input.includes(value));
    const [node] = consumers;
    if (node === undefined || consumers.length > 1) break;
    value = node.output[0] ?? '';
    if (transparent.has(node.opType)) continue;
    const affine = affineOf(node, constants);
    if (affine === undefined) break;
    scale = zip(scale, affine.scale, (a, b) => a * b);
    shift = zip(
      zip(shift, affine.scale, (a, b) => a * b),
      affine.shift,
      (a, b) => a + b,
    );
    operators.push(node.opType);
  }
  return operators.length === 0 ? undefined : { scale, shift, operators };
}

type Channels = readonly [number, number, number];

const zip = (a: Channels, b: Channels, combine: (a: number, b: number) => number): Channels => [
  combine(a[0], b[0]),
  combine(a[1], b[1]),
  combine(a[2], b[2]),
];

interface Affine {
  readonly scale: Channels;
  readonly shift: Channels;
}

function affineOf(node: OnnxNode, constants: ReadonlyMap<string, OnnxTensor>): Affine | undefined {
  const operands = node.input.map((name) => channelValues(constants.get(name)));
  if (node.opType === 'BatchNormalization') return batchNormalization(node, operands);
  const constant = operands[1] ?? operands[0];
  if (constant === undefined) return undefined;
  const one: Channels = [1, 1, 1];
  const zero: Channels = [0, 0, 0];
  const negative: Channels = [-constant[0], -constant[1], -constant[2]];
  // `constant - x` and `constant / x` are no normalization.
  if (operands[1] === undefined && (node.opType === 'Sub' || node.opType === 'Div')) return undefined;
  if (node.opType === 'Add') return { scale: one, shift: constant };
  if (node.opType === 'Sub') return { scale: one, shift: negative };
  if (node.opType === 'Mul') return { scale: constant, shift: zero };
  if (node.opType === 'Div') return { scale: zip(one, constant, (a, b) => a / b), shift: zero };
  return undefined;
}

/** Inputs: x, scale, bias, mean, variance. */
function batchNormalization(node: OnnxNode, operands: readonly (Channels | undefined)[]): Affine | undefined {
  const [, gain, bias, mean, variance] = operands;
  if (gain === undefined || bias === undefined || mean === undefined || variance === undefined)
    return undefined;
  const epsilon = node.attribute.find(({ name }) => name === 'epsilon')?.f ?? 1e-5;
  const scale = zip(gain, variance, (g, v) => g / Math.sqrt(v + epsilon));
  return {
    scale,
    shift: zip(
      bias,
      zip(mean, scale, (m, s) => m * s),
      (b, m) => b - m,
    ),
  };
}

function constantsOf(model: OnnxModel): ReadonlyMap<string, OnnxTensor> {
  const constants = new Map(model.graph.initializer.map((tensor) => [tensor.name ?? '', tensor]));
  for (const { opType, output, attribute } of model.graph.node) {
    const tensor = attribute.find(({ name }) => name === 'value')?.t;
    if (opType === 'Constant' && tensor !== undefined) constants.set(output[0] ?? '', tensor);
  }
  return constants;
}

/** One or three values of a constant, as three. */
function channelValues(tensor: OnnxTensor | undefined): Channels | undefined {
  if (tensor === undefined) return undefined;
  const size = tensor.dims.reduce<number>((product, dim) => product * Number(dim), 1);
  if (size !== 1 && size !== 3) return undefined;
  const read = numbersOf(tensor);
  const at = (channel: number): number => read[size === 1 ? 0 : channel] ?? Number.NaN;
  const values: Channels = [at(0), at(1), at(2)];
  return values.every(Number.isFinite) ? values : undefined;
}

function numbersOf(tensor: OnnxTensor): readonly number[] {
  const raw = tensor.rawData;
  if (raw === undefined || raw.length === 0)
    return tensor.floatData?.length ? tensor.floatData : (tensor.doubleData ?? []);
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  const list = (bytes: number, read: (at: number) => number): number[] =>
    Array.from({ length: Math.floor(raw.length / bytes) }, (_, i) => read(i * bytes));
  if (tensor.dataType === tensorDataType.float32) return list(4, (at) => view.getFloat32(at, true));
  if (tensor.dataType === tensorDataType.float64) return list(8, (at) => view.getFloat64(at, true));
  if (tensor.dataType === tensorDataType.float16)
    return list(2, (at) => halfToNumber(view.getUint16(at, true)));
  return [];
}

/** IEEE 754 binary16. */
function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** Beyond this, normalized pixels are not what a network is trained on. */
const LARGEST_NORMALIZED = 10;

/** The pixel range for which this arithmetic gives ordinary network inputs; undefined when neither does. */
export function expectedRange(arithmetic: InputArithmetic): '0-1' | '0-255' | undefined {
  const largest = (pixel: number): number =>
    Math.max(...arithmetic.scale.map((scale, c) => Math.abs(scale * pixel + (arithmetic.shift[c] ?? 0))));
  // Ask for the larger range first: dividing by 255 or subtracting 123 only makes sense there.
  if (largest(255) <= LARGEST_NORMALIZED) return '0-255';
  return largest(1) <= LARGEST_NORMALIZED ? '0-1' : undefined;
}
