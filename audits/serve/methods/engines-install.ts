import { z } from 'zod';
import { enginesFolder, tensorflowFolder } from '../../tensor/tensorflow/pack/folder.ts';
import { installPack } from '../../tensor/tensorflow/pack/install.ts';
import { findWholePack } from '../../tensor/tensorflow/pack/manifest.ts';
import { engineEntries } from '../engine-entries.ts';
import { defineBridgeMethod } from '../method.ts';
import { oneAtATime } from '../one-at-a-time.ts';

const task = 'engines.install';

/** For the processor, with pip: other ways (`--gpu`, `--from`, `--stock`) are named on a command line. */
export const enginesInstall = defineBridgeMethod({
  name: task,
  request: z.strictObject({ engine: z.literal('tensorflow') }),
  run: (_request, context) =>
    oneAtATime(context, task, 'The engine is being installed already.', async () => {
      const engines = enginesFolder();
      if ((await findWholePack(tensorflowFolder(engines))) !== null) return engineEntries();
      const tell = (fraction: number | null, sentence: string): void =>
        context.publish({ type: 'task', task, fraction, sentence });
      let stage = 'Installing the tensorflow engine';
      let told = -1;
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
      tell(1, 'The tensorflow engine is installed.');
      return engineEntries();
    }),
});
