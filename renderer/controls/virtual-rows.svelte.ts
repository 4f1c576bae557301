import {
  defaultRangeExtractor,
  elementScroll,
  observeElementOffset,
  observeElementRect,
  Virtualizer,
  type VirtualItem,
} from '@tanstack/virtual-core';
import { untrack } from 'svelte';

interface VirtualRowsOptions {
  readonly count: () => number;
  readonly rowHeight: number;
  readonly scroller: () => HTMLElement | null;
  /** Stays in the page wherever the list is scrolled to: the focus may be in it. */
  readonly kept: () => number;
}

/** Rows of one height, of which only those in sight are in the page. */
export class VirtualRows {
  rows = $state.raw<readonly VirtualItem[]>([]);
  totalHeight = $state(0);
  readonly #virtualizer: Virtualizer<HTMLElement, HTMLElement>;

  constructor(options: VirtualRowsOptions) {
    const { rowHeight } = options;
    const current = () => ({
      count: options.count(),
      getScrollElement: options.scroller,
      estimateSize: () => rowHeight,
      overscan: 6,
      scrollPaddingStart: rowHeight,
      scrollToFn: elementScroll,
      observeElementRect,
      observeElementOffset,
      rangeExtractor: (range: Parameters<typeof defaultRangeExtractor>[0]) => {
        const kept = untrack(options.kept);
        const indices = defaultRangeExtractor(range);
        return kept < 0 || kept >= range.count || indices.includes(kept)
          ? indices
          : [...indices, kept].toSorted((a, b) => a - b);
      },
      onChange: () => {
        this.#read();
      },
    });
    this.#virtualizer = new Virtualizer(untrack(current));
    $effect(() => this.#virtualizer._didMount());
    $effect(() => {
      this.#virtualizer.setOptions(current());
      // Read, so that another scroller or kept row is taken notice of.
      options.kept();
      untrack(() => {
        this.#virtualizer._willUpdate();
        this.#virtualizer.measure();
        this.#read();
      });
    });
  }

  scrollTo(index: number): void {
    this.#virtualizer.scrollToIndex(index, { align: 'auto' });
  }

  #read(): void {
    this.rows = this.#virtualizer.getVirtualItems();
    this.totalHeight = this.#virtualizer.getTotalSize();
  }
}
