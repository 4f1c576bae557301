import { SvelteMap } from 'svelte/reactivity';
import type { Bridge } from '../bridge/bridge.ts';

/** What the engine does besides audits (installing a pack, benchmarks), as far as it has said. */
export class TaskList {
  readonly all = new SvelteMap<string, { readonly fraction: number | null; readonly sentence: string }>();

  constructor(bridge: Bridge) {
    bridge.subscribe(({ event }) => {
      if (event.type === 'task')
        this.all.set(event.task, { fraction: event.fraction, sentence: event.sentence });
    });
  }
}
