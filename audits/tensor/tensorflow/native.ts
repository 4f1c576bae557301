import { createRequire } from 'node:module';
import path from 'node:path';
import process from 'node:process';
import type { DeviceId } from '../../contract/engine.ts';
import { MoatError } from '../../contract/errors.ts';
import type { KernelBackend } from '@tensorflow/tfjs-core';
import { tf } from '../ops.ts';
import type { Binding } from './binding.ts';
import { registerKernels } from './kernels/table.ts';
import { requirePack } from './pack/manifest.ts';
import { restoreUtilHelpers } from './node-util.ts';
import { recordingBinding, type RecordingBinding } from './recorder.ts';

const require = createRequire(import.meta.url);

/** The name under which the kernels of @tensorflow/tfjs-node-gpu are registered; it cannot be chosen. */
export const tensorflowBackendName = 'tensorflow';

const BACKEND_PACKAGE = '@tensorflow/tfjs-node-gpu';

export interface NativeTensorflow extends RecordingBinding {
  readonly use: Use;
  readonly backend: TensorflowBackend;
}

/** What a process decides once. */
interface Use {
  readonly threads: number;
  readonly device: DeviceId;
}

/** The package's backend, as far as it is used here. */
export interface TensorflowBackend extends KernelBackend {
  readonly binding: Binding;
  readonly tensorMap: { get(dataId: object): { id: number; values: unknown } };
  getInputTensorIds(tensors: readonly { readonly dataId: object }[]): number[];
}

let loaded: NativeTensorflow | undefined;

/**
 * Loads the binding of an installed pack, once per process: libtensorflow reads its number of threads from the
 * environment when its first session or context is made, and keeps it.
 * @param folder of the pack
 * @throws MoatError engine-not-installed, engine-broken; RangeError when already loaded for another use
 */
export function loadNative(folder: string, use: Use): NativeTensorflow {
  if (loaded !== undefined && (loaded.use.threads !== use.threads || loaded.use.device !== use.device))
    throw new RangeError(
      `TensorFlow already runs in this process, on ${loaded.use.device} with ${loaded.use.threads} threads; another use needs another process.`,
    );
  loaded ??= load(folder, use);
  return loaded;
}

function load(folder: string, use: Use): NativeTensorflow {
  const { binding } = requirePack(folder);
  restoreUtilHelpers();
  // Operations run one after another, each on all threads: concurrent ones would exceed what the user allowed.
  process.env['TF_NUM_INTRAOP_THREADS'] = String(use.threads);
  process.env['TF_NUM_INTEROP_THREADS'] = '1';
  // A GPU that is not asked for stays untouched.
  if (use.device === 'cpu') process.env['CUDA_VISIBLE_DEVICES'] = '-1';
  process.env['TF_CPP_MIN_LOG_LEVEL'] ??= '3';
  const native = openBinding(path.join(folder, binding));
  const recording = recordingBinding(native);
  const { NodeJSKernelBackend } = require(`${BACKEND_PACKAGE}/dist/nodejs_kernel_backend.js`) as {
    NodeJSKernelBackend: new (binding: Binding, packageName: string) => TensorflowBackend;
  };
  const backend = new NodeJSKernelBackend(recording.binding, BACKEND_PACKAGE);
  tf.registerBackend(tensorflowBackendName, () => backend, 0);
  require(`${BACKEND_PACKAGE}/dist/register_all_kernels.js`);
  registerKernels(tensorflowBackendName);
  return { ...recording, use, backend };
}

function openBinding(file: string): Binding {
  try {
    return require(file) as Binding;
  } catch (cause) {
    throw new MoatError(
      'engine-broken',
      'The tensorflow engine is installed but its library does not load.',
      {
        cause,
        details: { file },
      },
    );
  }
}
