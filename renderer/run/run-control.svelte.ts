import type { Bridge } from '../bridge/bridge.ts';
import { sentenceOf } from '../bridge/bridge.ts';
import type { Announcer, Notices } from '../state/notices.svelte.ts';
import { runWords } from '../strings/en.ts';
import type { RunView } from './run-view.svelte.ts';

/** What the run screen asks of the engine: to stop an audit, and to go on with it. */
export class RunControl {
  /** Asked for, and not reached yet. */
  isStopping = $state(false);
  /** An answer is awaited: nothing else is asked meanwhile. */
  isAsking = $state(false);
  readonly #bridge: Bridge;
  readonly #view: RunView;
  readonly #notices: Notices;
  readonly #announcer: Announcer;

  constructor(
    bridge: Bridge,
    view: RunView,
    app: { readonly notices: Notices; readonly announcer: Announcer },
  ) {
    this.#bridge = bridge;
    this.#view = view;
    this.#notices = app.notices;
    this.#announcer = app.announcer;
  }

  async stop(): Promise<void> {
    this.isStopping = true;
    const id = this.#view.auditId;
    if (await this.#ask(runWords.notStopped, () => this.#bridge.call('audits.stop', { id })))
      this.#announcer.say(runWords.stopping);
    else this.isStopping = false;
  }

  async resume(retryFailed: boolean): Promise<void> {
    const id = this.#view.auditId;
    await this.#ask(runWords.notResumed, () => this.#bridge.call('audits.resume', { id, retryFailed }));
  }

  /** @param refused what is said where it is not done, before the reason */
  async #ask(refused: string, request: () => Promise<unknown>): Promise<boolean> {
    this.isAsking = true;
    try {
      await request();
      this.#view.refresh();
      return true;
    } catch (error) {
      this.#notices.say(`${refused} ${sentenceOf(error)}`, { tone: 'problem' });
      return false;
    } finally {
      this.isAsking = false;
    }
  }
}
