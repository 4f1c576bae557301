import { Tensor, type InferenceSession } from 'onnxruntime-node';
import type {
  DeviceId,
  HostTensor,
  LoadedModel,
  ModelElementType,
  ModelPort,
  ModelTensor,
} from '../../contract/engine.ts';
import { fromFloat16, toFloat16 } from './float16.ts';
import { loadError, runError } from './model-errors.ts';
import { deviceError } from './device-errors.ts';
import { executionProviders } from './providers.ts';
import { createSession } from './session.ts';

/** Element types a caller can meet by name; everything else is `other`. */
const elementTypes = new Set<string>([
  'float32',
  'float16',
  'float64',
  'uint8',
  'int8',
  'int32',
  'int64',
  'bool',
] satisfies ModelElementType[]);

/**
 * Loads an ONNX model from a file (external data beside it) or from bytes.
 * @throws MoatError path-missing, encoder-not-onnx, encoder-truncated, encoder-operator-unknown,
 *   encoder-external-data-missing, encoder-failed, device-*
 */
export async function loadModel(
  source: string | Uint8Array,
  threads: number,
  device: DeviceId = 'cpu',
): Promise<LoadedModel> {
  const options = { executionProviders: executionProviders(device) };
  const session = await createSession(source, threads, options).catch((cause: unknown) => {
    throw deviceError(cause, device) ?? loadError(source, cause);
  });
  return {
    inputs: session.inputMetadata.map(port),
    outputs: session.outputMetadata.map(port),
    async run(inputs, outputs = session.outputNames) {
      const feeds = Object.fromEntries(
        Object.entries(inputs).map(([name, tensor]) => [name, toRuntime(tensor)]),
      );
      const results = await session.run(feeds, outputs).catch((cause: unknown) => {
        throw deviceError(cause, device) ?? runError(cause);
      });
      return Object.fromEntries(outputs.map((name) => [name, toHost(results[name])]));
    },
    dispose: () => session.release(),
  };
}

function port(metadata: InferenceSession.ValueMetadata): ModelPort {
  if (!metadata.isTensor) return { name: metadata.name, elementType: 'other', shape: [] };
  const elementType = elementTypes.has(metadata.type) ? (metadata.type as ModelElementType) : 'other';
  return { name: metadata.name, elementType, shape: [...metadata.shape] };
}

function toRuntime(tensor: ModelTensor): Tensor {
  const { data, shape } = tensor;
  if (tensor.elementType === 'uint8') return new Tensor('uint8', Uint8Array.from(data), shape);
  const floats = data instanceof Float32Array ? data : Float32Array.from(data);
  if (tensor.elementType === 'float32') return new Tensor('float32', floats, shape);
  const bits = toFloat16(floats);
  const half = new Tensor('float16', bits, shape);
  // The constructor wraps the words in a Float16Array where JavaScript has one, which the binding cannot read.
  Object.defineProperty(half, 'data', { value: bits });
  return half;
}

function toHost(tensor: Tensor | undefined): HostTensor {
  if (tensor === undefined) throw runError('an output is missing');
  const shape = [...tensor.dims];
  const { data } = tensor;
  if (data instanceof Float32Array || data instanceof Int32Array) return { shape, data };
  if (tensor.type === 'float16') {
    const words = data as Uint16Array;
    return { shape, data: fromFloat16(new Uint16Array(words.buffer, words.byteOffset, words.length)) };
  }
  if (data instanceof Float64Array) return { shape, data: Float32Array.from(data) };
  if (Array.isArray(data)) throw runError('an output holds text, not numbers');
  return { shape, data: Int32Array.from(data as ArrayLike<number | bigint>, Number) };
}
