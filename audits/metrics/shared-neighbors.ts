import type { Matrix } from '../contract/data.ts';
import { topKCosine, type Neighbors } from '../tensor/linear-algebra/cosine-neighbors.ts';
import type { MetricContext } from './metric.ts';

/** Per query, the share of the first list's neighbors that are in the second list. */
export function sharedShare(a: Neighbors, b: Neighbors): Float32Array {
  const queries = a.k > 0 ? a.indices.length / a.k : 0;
  if (b.k !== a.k || b.indices.length !== a.indices.length)
    throw new RangeError(`neighbors of ${queries} x ${a.k} against ${b.indices.length} entries`);
  return Float32Array.from({ length: queries }, (_, query) => {
    const known = new Set(a.indices.subarray(query * a.k, (query + 1) * a.k));
    let shared = 0;
    for (const index of b.indices.subarray(query * b.k, (query + 1) * b.k)) if (known.has(index)) shared++;
    return shared / a.k;
  });
}

const NEIGHBORS = 10;

/** Per-query recall `[queries]` of the clean top ten. Clean and defended may differ in width. */
export async function recallAt10(
  { engine }: Pick<MetricContext, 'engine'>,
  clean: { readonly queries: Matrix; readonly gallery: Matrix },
  defended: { readonly queries: Matrix; readonly gallery: Matrix },
): Promise<Float32Array> {
  return sharedShare(
    await topKCosine(engine, clean.queries, clean.gallery, NEIGHBORS),
    await topKCosine(engine, defended.queries, defended.gallery, NEIGHBORS),
  );
}
