/** What the native binding of @tensorflow/tfjs-node-gpu offers, as far as it is used here (`tfjs_binding.d.ts`). */

export interface TensorMetadata {
  readonly id: number;
  readonly shape: number[];
  /** A TensorFlow `DataType`. */
  readonly dtype: number;
}

export type AttributeValue = boolean | number | string | readonly number[] | null;

export interface OperationAttribute {
  readonly name: string;
  /** One of the binding's `TF_ATTR_*`. */
  readonly type: number;
  readonly value: AttributeValue;
}

export type TensorValues = Float32Array | Int32Array | Uint8Array | BigInt64Array;

/** Tensors are numbers, handed out upwards from 0 and never twice. */
export interface Binding {
  createTensor(shape: readonly number[], dtype: number, values: TensorValues): number;
  deleteTensor(id: number): void;
  tensorDataSync(id: number): TensorValues;
  executeOp(
    name: string,
    attributes: readonly OperationAttribute[],
    inputs: readonly number[],
    outputs: number,
  ): TensorMetadata[];
  loadSavedModel(folder: string, tags: string): number;
  deleteSavedModel(id: number): void;
  runSavedModel(
    id: number,
    inputs: readonly number[],
    inputNames: string,
    outputNames: string,
  ): TensorMetadata[];
  getNumOfTensors(): number;
  isUsingGpuDevice(): boolean;
  readonly TF_FLOAT: number;
  readonly TF_INT32: number;
  readonly TF_INT64: number;
  readonly TF_BOOL: number;
  readonly TF_ATTR_STRING: number;
  readonly TF_ATTR_INT: number;
  readonly TF_ATTR_FLOAT: number;
  readonly TF_ATTR_BOOL: number;
  readonly TF_ATTR_TYPE: number;
  readonly TF_ATTR_SHAPE: number;
  readonly TF_Version: string;
}
