import type { HostTensor } from '../contract/engine.ts';
import type { Tensor, Tensors } from '../tensor/ops.ts';
import type { Rng } from '../rng.ts';

/** Float32 parameters by name, on the host: what a surrogate is made of. */
export type NamedArrays = Readonly<
  Record<string, { readonly shape: readonly number[]; readonly data: Float32Array }>
>;

/** The tensor of that name. @throws RangeError when the step was given no such tensor, which is a bug. */
export function tensorNamed(tensors: Tensors, name: string): Tensor {
  const tensor = tensors[name];
  if (tensor === undefined) throw new RangeError(`there is no tensor "${name}"`);
  return tensor;
}

/** The float32 values of a tensor read from an engine. @throws RangeError when absent or of another type. */
export function floatsNamed(tensors: Readonly<Record<string, HostTensor>>, name: string): Float32Array {
  const tensor = tensors[name];
  if (tensor === undefined || !(tensor.data instanceof Float32Array))
    throw new RangeError(`there is no float32 tensor "${name}"`);
  return tensor.data;
}

/** Those arrays of a state that are among the wanted ones. */
export function arraysNamed(
  state: Readonly<Record<string, HostTensor>>,
  wanted: Readonly<Record<string, unknown>>,
): NamedArrays {
  return Object.fromEntries(
    Object.entries(filterNames(state, (name) => name in wanted)).map(([name, { shape }]) => [
      name,
      { shape, data: floatsNamed(state, name) },
    ]),
  );
}

/** Keeps the entries of which the name passes. */
export function filterNames<Value>(
  record: Readonly<Record<string, Value>>,
  keep: (name: string) => boolean,
): Record<string, Value> {
  return Object.fromEntries(Object.entries(record).filter(([name]) => keep(name)));
}

/** An array of one value. */
export function filled(shape: readonly number[], value: number): NamedArrays[string] {
  return { shape, data: new Float32Array(elementCount(shape)).fill(value) };
}

/** Normal values of mean 0. */
export function normals(rng: Rng, shape: readonly number[], standardDeviation: number): NamedArrays[string] {
  const data = new Float32Array(elementCount(shape));
  for (let i = 0; i < data.length; i++) data[i] = rng.normal() * standardDeviation;
  return { shape, data };
}

export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** Numbers held by all arrays together. */
export function parameterCount(arrays: NamedArrays): number {
  return Object.values(arrays).reduce((sum, { data }) => sum + data.length, 0);
}
