import { tensorDataType, attributeType } from './proto.ts';
import type { OnnxAttribute, OnnxModel, OnnxNode, OnnxTensor, OnnxValueInfo } from './proto.ts';

/** A static-shape ONNX graph under construction; equal nodes and equal constants exist once. */

export type ElementType = 'float32' | 'int32' | 'int64' | 'bool';

export interface Value {
  readonly name: string;
  readonly shape: readonly number[];
  readonly type: ElementType;
  /** Absent for inputs and constants. */
  readonly producer?: GraphNode;
  /** Present when all values are known. */
  readonly constant?: readonly number[];
  /** The smaller value of which this one is a broadcast copy: consumers that broadcast take it instead. */
  readonly broadcastOf?: Value;
  /** The value of which this one is a transpose: a further transpose starts from there. */
  readonly permuted?: { readonly source: Value; readonly permutation: readonly number[] };
}

export type AttributeValue = number | string | readonly number[] | { readonly float: number };

export interface GraphNode {
  readonly operator: string;
  readonly domain: string;
  readonly inputs: readonly (Value | undefined)[];
  readonly attributes: Readonly<Record<string, AttributeValue>>;
  readonly outputs: readonly string[];
}

interface OutputSpec {
  readonly shape: readonly number[];
  readonly type: ElementType;
}

export interface NodeOptions {
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
  readonly domain?: string;
}

/** As a dimension of an input: any size. Only for graphs written by hand, since a traced step has static shapes. */
export const freeSize = -1;

/** Operators of onnxruntime beyond the ONNX standard (fused products, blocked layouts). */
export const runtimeDomain = 'com.microsoft';
const OPSET_VERSION = 17;
const IR_VERSION = 8;

/** What the runtime that will run the graph has beyond the standard. */
export interface GraphTarget {
  /** Channels per block of its blocked convolutions (see `blocked-layout.ts`), where it has them. */
  readonly blockSize?: number | undefined;
}

export class Graph {
  readonly target: GraphTarget;
  private readonly nodes: GraphNode[] = [];
  private readonly known = new Map<string, readonly Value[]>();
  private readonly constants = new Map<string, Value>();
  private readonly inputs: Value[] = [];
  private readonly outputs: { readonly name: string; readonly value: Value }[] = [];
  private counter = 0;

  constructor(target: GraphTarget = {}) {
    this.target = target;
  }

  input(name: string, shape: readonly number[], type: ElementType): Value {
    const value: Value = { name, shape, type };
    this.inputs.push(value);
    return value;
  }

  output(name: string, value: Value): void {
    this.outputs.push({ name, value });
  }

  constant(values: ArrayLike<number>, shape: readonly number[], type: ElementType): Value {
    const numbers = Array.from(values);
    // Negative zero and zero print alike; a step that tells them apart would be a surprise, so they may share.
    const key = `${type}|${shape.join()}|${numbers.join()}`;
    const value = this.constants.get(key) ?? { name: this.newName(), shape, type, constant: numbers };
    this.constants.set(key, value);
    return value;
  }

  /** Adds a node with several outputs, or finds the equal one. */
  applyAll(
    operator: string,
    inputs: readonly (Value | undefined)[],
    outputs: readonly OutputSpec[],
    options: NodeOptions = {},
  ): readonly Value[] {
    const { attributes = {}, domain = '' } = options;
    const key = JSON.stringify([domain, operator, inputs.map((input) => input?.name), attributes]);
    const found = this.known.get(key);
    if (found !== undefined) return found;
    const names = outputs.map(() => this.newName());
    const producer: GraphNode = { operator, domain, inputs, attributes, outputs: names };
    const values = outputs.map(({ shape, type }, i) => ({ name: names[i] ?? '', shape, type, producer }));
    this.nodes.push(producer);
    this.known.set(key, values);
    return values;
  }

  apply(
    operator: string,
    inputs: readonly (Value | undefined)[],
    output: OutputSpec,
    options: NodeOptions = {},
  ): Value {
    const [value] = this.applyAll(operator, inputs, [output], options);
    if (value === undefined) throw new RangeError(`${operator} has no output`);
    return value;
  }

  /** The model with the nodes that its outputs need, in recording order. */
  toModel(name: string): Pick<OnnxModel, 'irVersion' | 'graph' | 'opsetImport'> {
    const needed = new Set<string>();
    const wanted = this.outputs.map(({ value }) => value);
    for (let value = wanted.pop(); value !== undefined; value = wanted.pop()) {
      if (needed.has(value.name)) continue;
      needed.add(value.name);
      for (const input of value.producer?.inputs ?? []) if (input !== undefined) wanted.push(input);
    }
    // An output is the produced value itself under the output's name; only what has no producer, or is an output
    // twice, needs a copy.
    const renamed = new Map<string, string>();
    const copies: OnnxNode[] = [];
    for (const { name: output, value } of this.outputs) {
      if (value.producer !== undefined && !renamed.has(value.name)) renamed.set(value.name, output);
      else copies.push({ opType: 'Identity', input: [value.name], output: [output], attribute: [] });
    }
    const nameOf = (own: string): string => renamed.get(own) ?? own;
    const domains = new Set(this.nodes.map(({ domain }) => domain).filter((domain) => domain !== ''));
    return {
      irVersion: IR_VERSION,
      opsetImport: [
        { domain: '', version: OPSET_VERSION },
        ...[...domains].map((domain) => ({ domain, version: 1 })),
      ],
      graph: {
        name,
        node: [
          ...this.nodes
            .filter((node) => node.outputs.some((output) => needed.has(output)))
            .map((node) => toNode(node, nameOf)),
          ...copies.map((copy) => ({ ...copy, input: copy.input.map(nameOf) })),
        ],
        initializer: [...this.constants.values()].filter((value) => needed.has(value.name)).map(toTensor),
        input: this.inputs.map((value) => toValueInfo(value.name, value)),
        output: this.outputs.map((output) => toValueInfo(output.name, output.value)),
        valueInfo: [],
      },
    };
  }

  private newName(): string {
    return `v${this.counter++}`;
  }
}

function toNode(node: GraphNode, nameOf: (own: string) => string): OnnxNode {
  return {
    opType: node.operator,
    domain: node.domain,
    input: node.inputs.map((input) => (input === undefined ? '' : nameOf(input.name))),
    output: node.outputs.map(nameOf),
    attribute: Object.entries(node.attributes).map(([name, value]) => toAttribute(name, value)),
  };
}

function toAttribute(name: string, value: AttributeValue): OnnxAttribute {
  if (typeof value === 'number') return { name, type: attributeType.int, i: value };
  if (typeof value === 'string')
    return { name, type: attributeType.string, s: new TextEncoder().encode(value) };
  if ('float' in value) return { name, type: attributeType.float, f: value.float };
  return { name, type: attributeType.ints, ints: value };
}

function toTensor(value: Value): OnnxTensor {
  const numbers = value.constant ?? [];
  const encode: Record<ElementType, () => ArrayBufferView> = {
    float32: () => Float32Array.from(numbers),
    int32: () => Int32Array.from(numbers),
    int64: () => BigInt64Array.from(numbers, BigInt),
    bool: () => Uint8Array.from(numbers),
  };
  return {
    name: value.name,
    dims: value.shape,
    dataType: tensorDataType[value.type],
    rawData: new Uint8Array(encode[value.type]().buffer),
  };
}

function toValueInfo(name: string, value: Value): OnnxValueInfo {
  const dim = value.shape.map((size) => (size === freeSize ? {} : { dimValue: size }));
  return { name, type: { tensorType: { elemType: tensorDataType[value.type], shape: { dim } } } };
}
