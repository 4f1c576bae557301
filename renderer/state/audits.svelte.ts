import { SvelteMap } from 'svelte/reactivity';
import type { AuditEntry, BridgeEvent } from '../../audits/contract/bridge.ts';
import { sentenceOf, type Bridge } from '../bridge/bridge.ts';

/** How far a running audit is, from its events. */
export interface LiveProgress {
  readonly stage: string;
  readonly fraction: number;
  readonly cellsDone: number;
  readonly cellsTotal: number;
  readonly etaMs: number | null;
}

const ENDED = new Set<AuditEntry['state']>(['completed', 'cancelled', 'failed', 'interrupted']);

/** Every audit that is not deleted, newest first, kept up to date by the engine's events. */
export class AuditList {
  status = $state<'loading' | 'ready' | 'failed'>('loading');
  error = $state<string | null>(null);
  entries = $state.raw<readonly AuditEntry[]>([]);
  readonly progress = new SvelteMap<string, LiveProgress>();

  readonly #bridge: Bridge;
  #asked = 0;

  constructor(bridge: Bridge) {
    this.#bridge = bridge;
    bridge.subscribe(({ event }) => {
      if (event.type === 'audits-changed') void this.refresh();
      else if (event.type === 'run') this.#follow(event);
    });
    bridge.watchConnection((connection) => {
      if (connection === 'open') void this.refresh();
      else if (connection === 'refused' && this.status === 'loading') this.status = 'failed';
    });
  }

  /** The one that runs now, if any. */
  get running(): AuditEntry | null {
    return this.entries.find((entry) => isUnderWay(entry)) ?? null;
  }

  find(id: string): AuditEntry | undefined {
    return this.entries.find((entry) => entry.id === id);
  }

  /** How much of an audit is done: by its events, before the first of them by its cells. */
  fractionOf({ id, cellsDone, cellsTotal }: AuditEntry): number {
    return this.progress.get(id)?.fraction ?? (cellsTotal === 0 ? 0 : cellsDone / cellsTotal);
  }

  async refresh(): Promise<void> {
    const asked = ++this.#asked;
    try {
      const entries = await this.#bridge.call('audits.list', {});
      // A later question may have been answered first.
      if (asked !== this.#asked) return;
      this.entries = entries;
      this.status = 'ready';
      this.error = null;
      for (const entry of entries) if (!isUnderWay(entry)) this.progress.delete(entry.id);
    } catch (error) {
      if (asked !== this.#asked) return;
      this.error = sentenceOf(error);
      if (this.entries.length === 0) this.status = 'failed';
    }
  }

  #follow({ auditId, run }: Extract<BridgeEvent['event'], { type: 'run' }>): void {
    const known = this.progress.get(auditId);
    if (run.type === 'progress')
      this.progress.set(auditId, {
        stage: known?.stage ?? '',
        fraction: run.fraction,
        cellsDone: run.cellsDone,
        cellsTotal: run.cellsTotal,
        etaMs: run.etaMs,
      });
    else if (run.type === 'stage')
      this.progress.set(auditId, {
        ...(known ?? { fraction: 0, cellsDone: 0, cellsTotal: 0, etaMs: null }),
        stage: run.sentence,
      });
  }
}

export function isUnderWay(entry: Pick<AuditEntry, 'state'>): boolean {
  return !ENDED.has(entry.state);
}
