/**
 * Holm's step-down correction (1979): p-values such that rejecting those below a level errs on any true hypothesis with at
 * most that probability, whatever depends on what. Needed as soon as a claim may rest on the best of several keys or tests.
 * @returns in the order given
 * @throws RangeError for a value outside [0, 1]
 */
export function holmAdjusted(values: readonly number[]): readonly number[] {
  for (const p of values) if (!(p >= 0 && p <= 1)) throw new RangeError(`p = ${p}`);
  const order = Array.from(values.keys()).sort((a, b) => (values[a] ?? 0) - (values[b] ?? 0));
  const adjusted = Array.from(values, () => 1);
  let largest = 0;
  order.forEach((index, rank) => {
    largest = Math.max(largest, Math.min(1, (values.length - rank) * (values[index] ?? 1)));
    adjusted[index] = largest;
  });
  return adjusted;
}
