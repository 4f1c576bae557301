import type { EngineEntry, EngineInstallation } from '../contract/bridge.ts';
import { engineStates, type EngineState } from '../doctor/engine-states.ts';
import { engineList } from '../tensor/engine-list.ts';
import { enginesFolder } from '../tensor/tensorflow/pack/folder.ts';
import { installedElsewhere } from '../tensor/tensorflow/pack/lock.ts';
import { isPackPlatform, thisProcess } from '../tensor/tensorflow/pack/requirements.ts';
import type { PackInstallation } from './pack-installation.ts';

const titles: Readonly<Record<string, string>> = {
  onnx: 'ONNX Runtime',
  tensorflow: 'TensorFlow',
  reference: 'Reference',
};
/** What does not come with Moat. */
const installable = 'tensorflow';

/** Whoever is at it now comes before how it ended last. */
function installationOf(
  pack: Pick<PackInstallation, 'state'>,
  state: EngineState['state'],
): EngineInstallation | null {
  const own = pack.state();
  const elsewhere = own?.state === 'running' ? null : installedElsewhere(enginesFolder());
  if (elsewhere !== null) return { state: 'elsewhere', sentence: elsewhere };
  return state === 'ready' ? null : own;
}

export async function engineEntries(pack: Pick<PackInstallation, 'state'>): Promise<readonly EngineEntry[]> {
  const states = await engineStates();
  return Promise.all(
    states.map(async ({ engine, state, sentence }): Promise<EngineEntry> => {
      const entry = engineList.find(({ id }) => id === engine);
      const devices = entry?.devices ?? [];
      const missing = await Promise.all(devices.map(async (device) => entry?.missing(device)));
      // Last, so that nothing that is told from here on is older.
      const installation = engine === installable ? installationOf(pack, state) : null;
      const isFree =
        engine === installable && installation?.state !== 'running' && installation?.state !== 'elsewhere';
      return {
        id: engine,
        title: titles[engine] ?? engine,
        state: state === 'damaged' ? 'broken' : state === 'not installed' ? 'not-installed' : 'ready',
        devices: devices.filter((_, i) => missing[i] === undefined),
        sentence,
        canInstall: isFree && state !== 'ready' && isPackPlatform(thisProcess),
        canRemove: isFree && state !== 'not installed',
        installation,
      };
    }),
  );
}
