import { SvelteMap } from 'svelte/reactivity';
import type { Bridge } from '../bridge/bridge.ts';

/** What the engine does besides audits (installing a pack, benchmarks), as far as it has said. */
export class TaskList {
  readonly all = new SvelteMap<string, { readonly fraction: number | null; readonly sentence: string }>();

  /** What the engine said last about any of them. */
  newest = $state.raw<{ readonly fraction: number | null; readonly sentence: string } | undefined>();

  constructor(bridge: Bridge) {
    bridge.subscribe(({ event }) => {
      if (event.type !== 'task') return;
      this.newest = { fraction: event.fraction, sentence: event.sentence };
      this.all.set(event.task, this.newest);
    });
  }
}
