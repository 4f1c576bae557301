import type { Rng } from '../rng.ts';

/**
 * Draws about `count` rows, classes in proportion and each present class at least once; the order is the
 * permutation's, so the draw depends on the stream and the labels alone.
 * @returns the drawn rows and the rest, both ascending
 */
export function stratifiedDraw(
  rng: Rng,
  labels: Int32Array,
  count: number,
): { readonly drawn: Int32Array; readonly rest: Int32Array } {
  const byClass = new Map<number, number[]>();
  for (const row of rng.permutation(labels.length)) {
    const label = labels[row] ?? 0;
    const rows = byClass.get(label);
    if (rows === undefined) byClass.set(label, [row]);
    else rows.push(row);
  }
  const share = Math.min(1, count / Math.max(1, labels.length));
  const drawn: number[] = [];
  const rest: number[] = [];
  for (const [, rows] of [...byClass].sort(([a], [b]) => a - b)) {
    const taken = Math.min(rows.length, Math.max(1, Math.round(rows.length * share)));
    drawn.push(...rows.slice(0, taken));
    rest.push(...rows.slice(taken));
  }
  return { drawn: Int32Array.from(drawn).sort(), rest: Int32Array.from(rest).sort() };
}
