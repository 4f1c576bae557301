import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import process from 'node:process';
import { listSupportedBackends, type InferenceSession } from 'onnxruntime-node';
import type { DeviceId } from '../../contract/engine.ts';
import type { Missing } from '../engine-list.ts';

/** The runtime's names of its execution providers. */
const providerNames = {
  cpu: 'cpu',
  cuda: 'cuda',
  webgpu: 'webgpu',
  directml: 'dml',
  coreml: 'coreml',
} as const satisfies Record<DeviceId, string>;

/** What does not run on the device (shape arithmetic, an operator its provider lacks) runs on the CPU. */
export function executionProviders(device: DeviceId): InferenceSession.ExecutionProviderConfig[] {
  return device === 'cpu' ? ['cpu'] : [providerNames[device], 'cpu'];
}

/**
 * Why this copy of the runtime cannot use a device, or nothing. Only looks at files: whether a driver is there and
 * works is seen by trying, in a process that may crash. Must be asked before a session is made, since the runtime
 * ignores a provider whose name it does not know and computes on the CPU.
 */
export function missingProvider(device: DeviceId): Missing | undefined {
  const backend = listSupportedBackends().find(({ name }) => name === providerNames[device]);
  if (backend === undefined)
    return {
      reason: `onnxruntime has no ${device} provider for ${process.platform}-${process.arch}.`,
      advice: 'Use another device.',
    };
  if (device === 'cuda' && !existsSync(path.join(libraryFolder(), 'libonnxruntime_providers_cuda.so')))
    return {
      reason: 'The CUDA libraries of onnxruntime-node are not installed.',
      advice:
        'On a machine with a network, CUDA 12 and cuDNN 9: ONNXRUNTIME_NODE_INSTALL=cuda12 node node_modules/onnxruntime-node/script/install.js',
    };
  return undefined;
}

/** The package's folder of native libraries for this platform. */
function libraryFolder(): string {
  const entry = createRequire(import.meta.url).resolve('onnxruntime-node');
  return path.join(path.dirname(entry), '..', 'bin', 'napi-v6', process.platform, process.arch);
}
