import type { DeviceId } from '../../contract/engine.ts';
import { MoatError } from '../../contract/errors.ts';
import type { Missing } from '../engine-list.ts';
import { tensorflowFolder } from './pack/folder.ts';
import { requirePack } from './pack/manifest.ts';

/** Why the installed pack cannot compute on a device, or nothing. Only looks at files. */
export function missingPack(device: DeviceId): Missing | undefined {
  try {
    const { variant } = requirePack(tensorflowFolder());
    if (device === 'cpu' || variant === 'gpu') return undefined;
    return {
      reason: 'The installed pack of the tensorflow engine computes on the CPU only.',
      advice: 'Install the other one: moat engine install tensorflow --gpu',
    };
  } catch (thrown) {
    if (!(thrown instanceof MoatError)) throw thrown;
    return { reason: thrown.message, advice: thrown.row.hint };
  }
}
