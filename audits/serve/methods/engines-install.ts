import { z } from 'zod';
import { MoatError } from '../../contract/errors.ts';
import { enginesFolder, tensorflowFolder } from '../../tensor/tensorflow/pack/folder.ts';
import { installPack } from '../../tensor/tensorflow/pack/install.ts';
import { findWholePack } from '../../tensor/tensorflow/pack/manifest.ts';
import { engineEntries } from '../engine-entries.ts';
import { defineBridgeMethod } from '../method.ts';

const task = 'engines.install';
let isInstalling = false;

/** For the processor, with pip: other ways (`--gpu`, `--from`, `--stock`) are named on a command line. */
export const enginesInstall = defineBridgeMethod({
  name: task,
  request: z.strictObject({ engine: z.literal('tensorflow') }),
  run: async (_request, { publish }) => {
    if (isInstalling) throw new MoatError('usage', 'The engine is being installed already.');
    const engines = enginesFolder();
    if ((await findWholePack(tensorflowFolder(engines))) !== null) return engineEntries();
    const tell = (fraction: number | null, sentence: string): void =>
      publish({ type: 'task', task, fraction, sentence });
    let stage = 'Installing the tensorflow engine';
    let told = -1;
    isInstalling = true;
    try {
      await installPack({
        variant: 'cpu',
        from: undefined,
        engines,
        note(sentence) {
          stage = sentence;
          tell(null, stage);
        },
        progress(share) {
          const percent = Math.floor(share * 100);
          if (percent === told) return;
          told = percent;
          tell(share, stage);
        },
      });
    } finally {
      isInstalling = false;
    }
    tell(1, 'The tensorflow engine is installed.');
    return engineEntries();
  },
});
