import type { DoubleMatrix, Matrix } from './data.ts';

/** The training engine's border: host arrays and shapes, never a library's tensor. */

export type EngineId = 'onnx' | 'tensorflow' | 'reference';

/** Where an engine computes. One engine offers some of them, a machine fewer. */
export const deviceIds = ['cpu', 'cuda', 'webgpu', 'directml', 'coreml'] as const;
export type DeviceId = (typeof deviceIds)[number];

export interface HostTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array | Int32Array;
}

export interface TensorSpec {
  readonly shape: readonly number[];
  readonly dtype: 'float32' | 'int32';
}

/**
 * One training (or inference) step as a pure function over symbolic tensors. `Tensor` is the tensor type of
 * `audits/tensor/ops.ts`; only code that writes steps names it.
 */
export interface StepDefinition<Tensor> {
  /** For messages and profiles. */
  readonly name: string;
  /** Initial weights, optimizer slots, running statistics. All float32. Kept by the compiled step between runs. */
  readonly state: Readonly<Record<string, HostTensor>>;
  readonly inputs: Readonly<Record<string, TensorSpec>>;
  /** `state` entries missing from the returned state stay as they were. */
  step(
    state: Readonly<Record<string, Tensor>>,
    inputs: Readonly<Record<string, Tensor>>,
  ): { readonly state: Readonly<Record<string, Tensor>>; readonly outputs: Readonly<Record<string, Tensor>> };
}

/** Host arrays by name: a step's inputs, outputs or state. */
export type StepValues = Readonly<Record<string, HostTensor>>;

export interface CompiledStep {
  /** Runs once; returns `outputs`. State moves on inside. */
  run(inputs: StepValues): Promise<StepValues>;
  /**
   * Runs once per entry, in order, as that many calls of `run` would. Where state crosses the border between host and
   * device, blocks of `Engine.stepsPerRun` cross it once. After an error the state is that of a step before the one
   * that failed.
   */
  runMany(inputs: readonly StepValues[]): Promise<readonly StepValues[]>;
  /** A copy of the current state. */
  readState(): Promise<StepValues>;
  writeState(state: StepValues): Promise<void>;
  dispose(): Promise<void>;
}

/** A loaded ONNX file. Inputs and outputs by the names in the file. */
export interface LoadedModel {
  readonly inputs: readonly ModelPort[];
  readonly outputs: readonly ModelPort[];
  /** Runs one batch; asks only for `outputs` when given. Float16 outputs come back as Float32Array. */
  run(
    inputs: Readonly<Record<string, ModelTensor>>,
    outputs?: readonly string[],
  ): Promise<Readonly<Record<string, HostTensor>>>;
  dispose(): Promise<void>;
}

export type ModelElementType =
  'float32' | 'float16' | 'float64' | 'uint8' | 'int8' | 'int32' | 'int64' | 'bool' | 'other';

export interface ModelPort {
  readonly name: string;
  readonly elementType: ModelElementType;
  /** A string names a free dimension. */
  readonly shape: readonly (number | string)[];
}

/** Input to a loaded model; float16 is passed as Float32Array and converted. */
export interface ModelTensor {
  readonly elementType: 'float32' | 'float16' | 'uint8';
  readonly shape: readonly number[];
  readonly data: Float32Array | Uint8Array;
}

export interface Engine {
  readonly id: EngineId;
  readonly device: DeviceId;
  /** Part of every cell's key: results of different classes are never mixed. */
  readonly numericsClass: string;
  readonly threads: number;
  /** Steps worth handing over at once to `runMany`; 1 where nothing is gained by it. */
  readonly stepsPerRun: number;
  compile<Tensor>(definition: StepDefinition<Tensor>): Promise<CompiledStep>;
  /** Loads an ONNX model from a file (external data beside it) or from bytes. @throws MoatError encoder-* */
  loadModel(source: string | Uint8Array): Promise<LoadedModel>;
  /** `a [m, k] @ b [k, n]`, optionally transposed first; float32. */
  matmul(
    a: Matrix,
    b: Matrix,
    options?: { readonly transposeA?: boolean; readonly transposeB?: boolean },
  ): Promise<Matrix>;
  /** The same in float64; on the CPU, whatever the engine's device. */
  matmulFloat64(
    a: DoubleMatrix,
    b: DoubleMatrix,
    options?: { readonly transposeA?: boolean; readonly transposeB?: boolean },
  ): Promise<DoubleMatrix>;
  dispose(): Promise<void>;
}
