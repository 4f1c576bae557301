import type { DiskUsage } from '../../audits/contract/bridge.ts';
import { sentenceOf, type Bridge } from '../bridge/bridge.ts';

/** What audits take on the disk; asked for when a screen shows it, since reckoning it reads folders. */
export class DiskUsageState {
  value = $state.raw<DiskUsage | null>(null);
  error = $state<string | null>(null);
  readonly #bridge: Bridge;

  constructor(bridge: Bridge) {
    this.#bridge = bridge;
  }

  async refresh(): Promise<void> {
    try {
      this.value = await this.#bridge.call('history.usage', {});
      this.error = null;
    } catch (error) {
      this.error = sentenceOf(error);
    }
  }
}
