import type { DoubleMatrix } from '../contract/data.ts';
import type { ProviderStatistics } from '../contract/method.ts';
import { eigenSymmetric } from '../tensor/linear-algebra/symmetric-eigen.ts';
import { oncePerProvider } from './per-provider.ts';

/** Principal axes of the provider's embeddings about their mean. */
export interface ProviderAxes {
  /** Every axis `[dimension, dimension]`, one per row, strongest first. */
  readonly axes: DoubleMatrix;
  /** Variance along each axis, over the number of rows; never negative. */
  readonly variances: Float64Array;
}

const compute = oncePerProvider(
  ({ embeddings, mean }: ProviderStatistics): ProviderAxes => {
    const { data, rows, columns } = embeddings;
    const covariance = new Float64Array(columns * columns);
    const centered = new Float64Array(columns);
    for (let row = 0; row < rows; row++) {
      for (let i = 0; i < columns; i++) centered[i] = (data[row * columns + i] ?? 0) - (mean[i] ?? 0);
      // The lower triangle is all that the decomposition reads.
      for (let i = 0; i < columns; i++)
        for (let j = 0, at = i * columns; j <= i; j++, at++)
          covariance[at] = (covariance[at] ?? 0) + (centered[i] ?? 0) * (centered[j] ?? 0);
    }
    const { values, vectors } = eigenSymmetric({ data: covariance, rows: columns, columns });
    return { axes: vectors, variances: values.map((value) => Math.max(0, value) / rows) };
  },
  (name: 'all') => name,
);

/** Computed once per provider, in plain loops: a session opens without waiting. */
export function providerAxes(provider: ProviderStatistics): ProviderAxes {
  return compute(provider, 'all');
}
