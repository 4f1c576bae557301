import { MoatError } from '../../contract/errors.ts';
import type { Binding, OperationAttribute, TensorMetadata, TensorValues } from './binding.ts';
import { shapeAttribute, type Attribute, type Node } from './graph-def.ts';

/** What a step computed, as a graph: its operations in order, and where each tensor it made is found. */
export interface Recording {
  readonly nodes: readonly Node[];
  /** The graph's name for a tensor. @throws MoatError when the step got it from elsewhere */
  endpoint(tensor: number): string;
}

/**
 * The binding with a tape in it. While a recording is on, every operation is executed as always, which gives its
 * output shapes, and written down as a node; values handed over from JavaScript become constants.
 */
export interface RecordingBinding {
  readonly binding: Binding;
  /** Records `work`. @param given names of the tensors that come from outside */
  record(given: ReadonlyMap<number, string>, work: () => void): Recording;
}

export function recordingBinding(real: Binding): RecordingBinding {
  let tape: Tape | undefined;
  const binding: Binding = Object.create(real, {
    createTensor: {
      value(shape: readonly number[], dtype: number, values: TensorValues): number {
        const id = real.createTensor(shape, dtype, values);
        tape?.constant(id, shape, dtype, values);
        return id;
      },
    },
    executeOp: {
      value(
        name: string,
        attributes: readonly OperationAttribute[],
        inputs: readonly number[],
        outputs: number,
      ): TensorMetadata[] {
        const results = real.executeOp(name, attributes, inputs, outputs);
        tape?.operation(name, attributes, inputs, results);
        return results;
      },
    },
    tensorDataSync: {
      value(id: number): TensorValues {
        if (tape !== undefined)
          throw new MoatError(
            'operation-unsupported',
            'A step read the values of a tensor (dataSync, or an operation that does so) while being compiled.',
          );
        return real.tensorDataSync(id);
      },
    },
  }) as Binding;
  return {
    binding,
    record(given, work) {
      tape = new Tape(real, given);
      try {
        work();
        return tape;
      } finally {
        tape = undefined;
      }
    },
  };
}

class Tape implements Recording {
  readonly nodes: Node[] = [];
  readonly #endpoints: Map<number, string>;
  readonly #constants = new Map<string, string>();
  readonly #binding: Binding;

  constructor(binding: Binding, given: ReadonlyMap<number, string>) {
    this.#binding = binding;
    this.#endpoints = new Map(given);
  }

  endpoint(tensor: number): string {
    const name = this.#endpoints.get(tensor);
    if (name === undefined)
      throw new MoatError(
        'operation-unsupported',
        'A step used a tensor that is neither its own nor one of its inputs.',
      );
    return name;
  }

  constant(id: number, shape: readonly number[], dtype: number, values: TensorValues): void {
    const content = Uint8Array.from(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
    const key = `${dtype} ${shape.join()} ${Buffer.from(content).toString('base64')}`;
    const endpoint = this.#constants.get(key) ?? this.#addConstant(shape, dtype, content);
    this.#constants.set(key, endpoint);
    this.#endpoints.set(id, endpoint);
  }

  operation(
    op: string,
    attributes: readonly OperationAttribute[],
    inputs: readonly number[],
    results: readonly TensorMetadata[],
  ): void {
    const name = `n${this.nodes.length}`;
    const attr: Record<string, Attribute> = {};
    for (const attribute of attributes) attr[attribute.name] = this.#attribute(attribute);
    this.nodes.push({ name, op, input: inputs.map((id) => this.endpoint(id)), attr });
    results.forEach(({ id }, output) => this.#endpoints.set(id, `${name}:${output}`));
  }

  #addConstant(shape: readonly number[], dtype: number, tensorContent: Uint8Array): string {
    const name = `n${this.nodes.length}`;
    const tensor = { dtype, tensorShape: shapeAttribute(shape), tensorContent };
    this.nodes.push({ name, op: 'Const', input: [], attr: { dtype: { type: dtype }, value: { tensor } } });
    return `${name}:0`;
  }

  #attribute({ name, type, value }: OperationAttribute): Attribute {
    const kinds = this.#binding;
    if (type === kinds.TF_ATTR_STRING) return { s: new TextEncoder().encode(String(value)) };
    if (type === kinds.TF_ATTR_TYPE) return { type: Number(value) };
    if (type === kinds.TF_ATTR_BOOL) return { b: Boolean(value) };
    if (type === kinds.TF_ATTR_INT)
      return Array.isArray(value) ? { list: { i: value as number[] } } : { i: Number(value) };
    if (type === kinds.TF_ATTR_FLOAT)
      return Array.isArray(value) ? { list: { f: value as number[] } } : { f: Number(value) };
    if (type === kinds.TF_ATTR_SHAPE) return { shape: shapeAttribute(value as number[]) };
    throw new RangeError(`attribute "${name}" has a kind that is not recorded (${type})`);
  }
}
