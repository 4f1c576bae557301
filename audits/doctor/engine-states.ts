import { MoatError } from '../contract/errors.ts';
import type { EngineId } from '../contract/engine.ts';

export interface EngineState {
  readonly engine: EngineId;
  readonly state: 'ready' | 'not installed' | 'damaged';
  readonly sentence: string;
}

/** The training engines, and whether their files are whole: of an installed one every file is compared with its hash. */
export async function engineStates(): Promise<readonly EngineState[]> {
  return [
    { engine: 'onnx', state: 'ready', sentence: 'comes with Moat' },
    await tensorflowState(),
    { engine: 'reference', state: 'ready', sentence: 'comes with Moat; slow, for comparison' },
  ];
}

async function tensorflowState(): Promise<EngineState> {
  const { tensorflowFolder } = await import('../tensor/tensorflow/pack/folder.ts');
  const { changedFiles, requirePack } = await import('../tensor/tensorflow/pack/manifest.ts');
  const { isPackPlatform, thisProcess } = await import('../tensor/tensorflow/pack/requirements.ts');
  const engine = 'tensorflow';
  const folder = tensorflowFolder();
  try {
    const manifest = requirePack(folder);
    const [changed] = await changedFiles(folder, manifest);
    if (changed !== undefined) return { engine, state: 'damaged', sentence: `${changed} has changed.` };
    const device = manifest.variant === 'gpu' ? 'NVIDIA GPUs' : 'CPU';
    return {
      engine,
      state: 'ready',
      sentence: `libtensorflow ${manifest.version} for ${device}, in ${folder}`,
    };
  } catch (thrown) {
    if (!(thrown instanceof MoatError)) throw thrown;
    if (thrown.code === 'engine-not-installed')
      return {
        engine,
        state: 'not installed',
        sentence: isPackPlatform(thisProcess)
          ? 'Takes 1 GB of disk.'
          : 'It can be installed on Linux x64 only.',
      };
    return { engine, state: 'damaged', sentence: thrown.message };
  }
}
