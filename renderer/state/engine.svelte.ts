import type { BridgeEvent, Hello } from '../../audits/contract/bridge.ts';
import { sentenceOf, type Bridge, type Connection } from '../bridge/bridge.ts';

/** How it stands between this window and the engine. */
export class EngineState {
  connection = $state<Connection>('connecting');
  hello = $state.raw<Hello | null>(null);
  helloError = $state<string | null>(null);
  /** The engine died: it is being started again, or could not be. */
  trouble = $state.raw<{ readonly state: 'restarting' | 'failed'; readonly sentence: string } | null>(null);
  /** Raised whenever events may have been missed: whoever holds a snapshot asks for it again. */
  generation = $state(0);

  readonly #bridge: Bridge;
  #life: string | null = null;
  #wasOpen = false;

  constructor(bridge: Bridge) {
    this.#bridge = bridge;
    bridge.watchConnection((connection) => {
      this.connection = connection;
      if (connection !== 'open') return;
      void this.#greet();
      if (this.#wasOpen) this.generation += 1;
      this.#wasOpen = true;
    });
    bridge.subscribe((event) => {
      this.#take(event);
    });
  }

  /** Another process writes to the database: audits can be looked at, none can be started. */
  get readOnlyBecause(): string | null {
    return this.hello?.readOnlyBecause ?? null;
  }

  get canStart(): boolean {
    return this.connection === 'open' && this.trouble === null && this.hello?.readOnlyBecause === null;
  }

  #take({ engineLife, event }: BridgeEvent): void {
    if (event.type === 'engine')
      this.trouble = event.state === 'restarted' ? null : { state: event.state, sentence: event.sentence };
    if (this.#life !== null && this.#life !== engineLife) {
      this.generation += 1;
      void this.#greet();
    }
    this.#life = engineLife;
  }

  async #greet(): Promise<void> {
    try {
      this.hello = await this.#bridge.call('app.hello', {});
      this.#life ??= this.hello.engineLife;
      this.helloError = null;
    } catch (error) {
      this.helloError = sentenceOf(error);
    }
  }
}
