import type { Check } from './check.ts';

/**
 * A p-value at the floor of its test says how many independent encoders there were, not how strong the evidence is: with
 * m of them no rank test goes below 1 / (m + 1) (landscape section 7, pitfall 14). Measurements whose name ends in
 * `p-value` have the number of independent values behind their null distribution as `n`.
 */
const SUFFIX = 'p-value';
/** Rounding of the stored value. */
const TOLERANCE = 1e-9;

export const saturatedPValue: Check = {
  id: 'saturated-p-value',
  run: ({ evidence }) =>
    evidence.cells.flatMap(({ key }) =>
      (evidence.measurements.get(key) ?? [])
        .filter(({ metric, value, n }) => metric.endsWith(SUFFIX) && value <= 1 / (n + 1) + TOLERANCE)
        .map(({ metric, value, n }) => ({
          severity: 'note' as const,
          scope: `cell:${key}`,
          sentence: `${metric} = ${Number(value.toPrecision(2))} is the smallest that ${n} independent encoders can give: it bounds the evidence, and its effect size is what tells the strength.`,
        })),
    ),
};
