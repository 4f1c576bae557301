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

  constructor(bridge: Bridge, auditId: string) {
    this.#bridge = bridge;
    this.#auditId = auditId;
  }

  /** @returns what makes the answer count no more */
  read(key: CellKey): () => void {
    let isStale = false;
    const ask = async (): Promise<void> => {
      try {
        const sheet = await this.#bridge.call('audits.cell', { id: this.#auditId, key });
        if (isStale) return;
        this.sheet = sheet;
        this.failure = null;
      } catch (error) {
        if (!isStale) this.failure = sentenceOf(error);
      }
    };
    void ask();
    return () => {
      isStale = true;
    };
  }
}
