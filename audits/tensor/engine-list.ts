import { deviceIds, type DeviceId, type Engine, type EngineId } from '../contract/engine.ts';

/** Why an engine cannot use a device here, and what the user can do about it. */
export interface Missing {
  readonly reason: string;
  readonly advice: string;
}

export interface EngineEntry {
  readonly id: EngineId;
  /** Devices it knows, whatever this machine has. */
  readonly devices: readonly DeviceId[];
  /** `--engine auto` may choose it. */
  readonly isForAudits: boolean;
  /** Looks at what is installed, quickly, without loading a driver: that may crash, and is left to a trial. */
  missing(device: DeviceId): Promise<Missing | undefined>;
  open(device: DeviceId, threads: number): Promise<Engine>;
}

/** Every engine. Their modules are loaded when first asked for: each brings its own native or tensor library. */
export const engineList: readonly EngineEntry[] = [
  {
    id: 'onnx',
    devices: deviceIds,
    isForAudits: true,
    missing: async (device) => (await import('./onnx/providers.ts')).missingProvider(device),
    open: async (device, threads) => (await import('./onnx/engine.ts')).createOnnxEngine(threads, device),
  },
  {
    id: 'tensorflow',
    devices: ['cpu', 'cuda'],
    isForAudits: true,
    missing: async (device) => (await import('./tensorflow/availability.ts')).missingPack(device),
    open: async (device, threads) =>
      (await import('./tensorflow/engine.ts')).createTensorflowEngine({ device, threads }),
  },
  {
    id: 'reference',
    devices: ['cpu'],
    // Hundreds of times slower: it is there to be compared with.
    isForAudits: false,
    missing: () => Promise.resolve(undefined),
    open: async () => (await import('./reference/engine.ts')).createReferenceEngine(),
  },
];
