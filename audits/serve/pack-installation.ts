import type { BridgeEvent, EngineInstallation } from '../contract/bridge.ts';
import { cleanText } from '../contract/clean-text.ts';
import { MoatError } from '../contract/errors.ts';
import { enginesFolder, tensorflowFolder } from '../tensor/tensorflow/pack/folder.ts';
import { installPack } from '../tensor/tensorflow/pack/install.ts';
import { findWholePack } from '../tensor/tensorflow/pack/manifest.ts';
import { windowErrorOf } from './window-hints.ts';

/** The installation of the tensorflow engine in one life of this engine: one at a time, the same for every window. */
export interface PackInstallation {
  /** Null before the first one, and after one that came to its end. */
  readonly state: () => EngineInstallation | null;
  /**
   * Resolves when it has ended, cancelled or not.
   * @throws MoatError `engine-busy` while one is under way, here or in another program, and what `installPack` throws
   */
  readonly install: () => Promise<void>;
  /** Resolves when nothing of it is left; where none is under way, at once. */
  readonly cancel: () => Promise<void>;
  /** How the last one ended is old news: a pack was installed or removed since, here or elsewhere. */
  readonly forget: () => void;
}

/** For the processor, with pip: other ways (`--gpu`, `--from`, `--stock`) are named on a command line. */
export function createPackInstallation(publish: (event: BridgeEvent['event']) => void): PackInstallation {
  let state: EngineInstallation | null = null;
  let underWay: { readonly controller: AbortController; readonly end: Promise<void> } | null = null;

  function tell(fraction: number | null, sentence: string): void {
    state = { state: 'running', fraction, sentence };
    publish({ type: 'task', task: 'engines.install', fraction, sentence });
  }

  async function work(signal: AbortSignal): Promise<void> {
    const engines = enginesFolder();
    let stage = 'Installing the tensorflow engine.';
    let percentTold = -1;
    tell(null, stage);
    publish({ type: 'engines-changed' });
    if ((await findWholePack(tensorflowFolder(engines))) !== null) return;
    await installPack({
      variant: 'cpu',
      from: undefined,
      engines,
      signal,
      note(sentence) {
        stage = sentence;
        tell(null, stage);
      },
      progress(share) {
        const percent = Math.floor(share * 100);
        if (percent === percentTold) return;
        percentTold = percent;
        tell(share, stage);
      },
    });
  }

  async function workToItsEnd(signal: AbortSignal): Promise<void> {
    try {
      await work(signal);
      state = null;
    } catch (thrown) {
      if (thrown instanceof MoatError && thrown.code === 'cancelled') {
        state = { state: 'cancelled', sentence: 'The installation was cancelled; nothing of it was kept.' };
        return;
      }
      // Told as long as it lasts, by whom (`engineEntries`).
      if (thrown instanceof MoatError && thrown.code === 'engine-busy') {
        state = null;
        throw thrown;
      }
      const { message, hint } = windowErrorOf(thrown);
      const stop = /[.!?…]$/.test(message) ? '' : '.';
      state = { state: 'failed', sentence: `${cleanText(message)}${stop} ${hint}` };
      throw thrown;
    } finally {
      underWay = null;
      publish({ type: 'engines-changed' });
    }
  }

  return {
    state: () => state,
    async install() {
      if (underWay !== null)
        throw new MoatError('engine-busy', 'The tensorflow engine is being installed already.');
      const controller = new AbortController();
      const end = workToItsEnd(controller.signal);
      underWay = { controller, end };
      await end;
    },
    async cancel() {
      if (underWay === null) return;
      const { controller, end } = underWay;
      controller.abort();
      // Why it failed, if it did, is told to whoever began it.
      await Promise.allSettled([end]);
    },
    forget() {
      if (underWay === null) state = null;
    },
  };
}
