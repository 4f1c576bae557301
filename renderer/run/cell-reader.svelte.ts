import type { CellSheet } from '../../audits/contract/bridge.ts';
import type { CellKey } from '../../audits/contract/cell.ts';
import type { Bridge } from '../bridge/bridge.ts';
import { sentenceOf } from '../bridge/bridge.ts';

/** Reads what is known of a cell. The last sheet stays until the next one is there: see whose it is. */
export class CellReader {
  sheet = $state.raw<CellSheet | null>(null);
  failure = $state<string | null>(null);
  readonly #bridge: Bridge;
  readonly #auditId: string;
  #count = 0;

  constructor(bridge: Bridge, auditId: string) {
    this.#bridge = bridge;
    this.#auditId = auditId;
  }

  /** Reads anew; an answer to an earlier question counts no more. */
  async read(key: CellKey): Promise<void> {
    const count = ++this.#count;
    try {
      const sheet = await this.#bridge.call('audits.cell', { id: this.#auditId, key });
      if (count !== this.#count) return;
      this.sheet = sheet;
      this.failure = null;
    } catch (error) {
      if (count === this.#count) this.failure = sentenceOf(error);
    }
  }
}
