/** The `k` largest values seen per row, of values that come in runs of ascending columns: a bounded min-heap each. */
export interface LargestPerRow {
  /** Values of the columns `offset, offset + 1 ...` of one row; the column `skip` is left out. */
  offer(row: number, values: Float32Array, offset: number, skip: number): void;
  /** `[rows, k]`, descending; equal values by lower column. */
  sorted(): { readonly indices: Int32Array; readonly values: Float32Array };
}

/** @param k at most the number of columns that will be offered */
export function largestPerRow(rows: number, k: number): LargestPerRow {
  const indices = new Int32Array(rows * k);
  const kept = new Float32Array(rows * k);
  const sizes = new Int32Array(rows);

  // "Weaker" = smaller value, or equal value at a higher column: a total order, so the result is unique.
  const weaker = (a: number, b: number): boolean => {
    const x = kept[a] ?? 0;
    const y = kept[b] ?? 0;
    return x < y || (x === y && (indices[a] ?? 0) > (indices[b] ?? 0));
  };
  const swap = (a: number, b: number): void => {
    const index = indices[a] ?? 0;
    const value = kept[a] ?? 0;
    indices[a] = indices[b] ?? 0;
    kept[a] = kept[b] ?? 0;
    indices[b] = index;
    kept[b] = value;
  };
  /** Lets the entry at heap position `from` of the heap that begins at `base` sink below weaker ones. */
  const sink = (base: number, from: number, size: number): void => {
    for (let at = from; ;) {
      let child = 2 * at + 1;
      if (child >= size) return;
      if (child + 1 < size && weaker(base + child + 1, base + child)) child++;
      if (!weaker(base + child, base + at)) return;
      swap(base + child, base + at);
      at = child;
    }
  };

  return {
    offer(row, values, offset, skip) {
      const base = row * k;
      let i = 0;
      for (; i < values.length && (sizes[row] ?? 0) < k; i++) {
        if (offset + i === skip) continue;
        const size = sizes[row] ?? 0;
        indices[base + size] = offset + i;
        kept[base + size] = values[i] ?? 0;
        sizes[row] = size + 1;
        if (size + 1 === k) for (let at = (k >> 1) - 1; at >= 0; at--) sink(base, at, k);
      }
      // An equal value comes from a higher column than the one it would replace, so it never does.
      for (let least = kept[base] ?? 0; i < values.length; i++) {
        const value = values[i] ?? 0;
        if (!(value > least) || offset + i === skip) continue;
        indices[base] = offset + i;
        kept[base] = value;
        sink(base, 0, k);
        least = kept[base] ?? 0;
      }
    },
    sorted() {
      const sortedIndices = new Int32Array(rows * k);
      const sortedValues = new Float32Array(rows * k);
      for (let row = 0; row < rows; row++) {
        const order = Array.from({ length: k }, (_, i) => row * k + i).sort((a, b) =>
          weaker(a, b) ? 1 : -1,
        );
        order.forEach((from, i) => {
          sortedIndices[row * k + i] = indices[from] ?? 0;
          sortedValues[row * k + i] = kept[from] ?? 0;
        });
      }
      return { indices: sortedIndices, values: sortedValues };
    },
  };
}
