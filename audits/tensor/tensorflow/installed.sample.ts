import process from 'node:process';
import { MoatError } from '../../contract/errors.ts';
import { tensorflowFolder } from './pack/folder.ts';
import { requirePack } from './pack/manifest.ts';

/**
 * Whether tests of the tensorflow engine can run. The pack has 0.9 GB and comes only with
 * `moat engine install tensorflow`, so its tests are skipped, aloud, where it is not installed. A damaged pack is no
 * reason to skip.
 */
export function isTensorflowInstalled(): boolean {
  try {
    requirePack(tensorflowFolder());
    return true;
  } catch (thrown) {
    if (!(thrown instanceof MoatError) || thrown.code !== 'engine-not-installed') throw thrown;
    process.stderr.write(
      'SKIPPED: the tensorflow engine is not installed (npm run moat -- engine install tensorflow).\n',
    );
    return false;
  }
}
