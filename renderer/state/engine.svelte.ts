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
  #sequence = 0;
  #wasOpen = false;

  constructor(bridge: Bridge) {
    this.#bridge = bridge;
    bridge.watchConnection((connection) => {
      this.connection = connection;
      if (connection !== 'open') return;
      void this.greet();
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

  #take({ engineLife, sequence, event }: BridgeEvent): void {
    if (event.type === 'engine')
      this.trouble = event.state === 'restarted' ? null : { state: event.state, sentence: event.sentence };
    const isOtherLife = this.#life !== null && this.#life !== engineLife;
    if (isOtherLife) void this.greet();
    // A number left out: this window was away for longer than the engine remembers.
    if (isOtherLife || (this.#sequence > 0 && sequence > this.#sequence + 1)) this.generation += 1;
    this.#life = engineLife;
    this.#sequence = sequence;
  }

  /** Asks how things stand: what a window may do follows from the answer. */
  async greet(): Promise<void> {
    try {
      this.hello = await this.#bridge.call('app.hello', {});
      this.#life ??= this.hello.engineLife;
      this.helloError = null;
    } catch (error) {
      this.helloError = sentenceOf(error);
    }
  }
}
