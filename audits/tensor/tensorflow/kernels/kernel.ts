import type { NamedAttrMap, NamedTensorInfoMap, TensorInfo } from '@tensorflow/tfjs-core';
import type { AttributeValue, Binding, OperationAttribute } from '../binding.ts';

/** The methods of the package's backend that kernels call. */
export interface OperationRunner {
  readonly binding: Binding;
  executeSingleOutput(
    name: string,
    attributes: readonly OperationAttribute[],
    inputs: readonly TensorInfo[],
  ): TensorInfo;
  executeMultipleOutputs(
    name: string,
    attributes: readonly OperationAttribute[],
    inputs: readonly TensorInfo[],
    outputs: number,
  ): TensorInfo[];
}

export interface KernelCall {
  readonly backend: OperationRunner;
  readonly inputs: NamedTensorInfoMap;
  readonly attributes: NamedAttrMap;
}

export type Kernel = (call: KernelCall) => TensorInfo | TensorInfo[];

export type KernelTable = Readonly<Record<string, Kernel>>;

/** Attributes of an operation, by the kind of each value. */
export function attributes(
  { binding }: OperationRunner,
  values: {
    readonly types?: Readonly<Record<string, number>>;
    readonly strings?: Readonly<Record<string, string>>;
    readonly integers?: Readonly<Record<string, number | readonly number[]>>;
    readonly floats?: Readonly<Record<string, number>>;
    readonly flags?: Readonly<Record<string, boolean>>;
  },
): OperationAttribute[] {
  const list = (type: number, entries: Readonly<Record<string, AttributeValue>> = {}): OperationAttribute[] =>
    Object.entries(entries).map(([name, value]) => ({ name, type, value }));
  return [
    ...list(binding.TF_ATTR_TYPE, values.types),
    ...list(binding.TF_ATTR_STRING, values.strings),
    ...list(binding.TF_ATTR_INT, values.integers),
    ...list(binding.TF_ATTR_FLOAT, values.floats),
    ...list(binding.TF_ATTR_BOOL, values.flags),
  ];
}

/** @throws RangeError when a caller left it out */
export function input(inputs: NamedTensorInfoMap, name: string): TensorInfo {
  const info = inputs[name];
  if (info === undefined || info === null) throw new RangeError(`a kernel was called without "${name}"`);
  return info;
}
