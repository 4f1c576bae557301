import { readFileSync } from 'node:fs';
import path from 'node:path';
import { matrix, type Matrix, type RowBlocks } from '../../contract/data.ts';
import { matrixBlocks } from './row-blocks.ts';

/** Small problems with the answers of SciPy and scikit-learn; `test/fixtures/linear-algebra/make.py` writes them. */
export interface ScipyCase {
  readonly name: string;
  readonly x: Matrix;
  readonly spectrum: {
    readonly plain: readonly number[];
    readonly centred: readonly number[];
    readonly rank: number;
  };
  readonly pca: {
    readonly variances: readonly number[];
    readonly shares: readonly number[];
    /** The axes whose variance is clearly not zero. */
    readonly axes: readonly number[];
  };
  readonly targets: Matrix;
  readonly ridge: readonly {
    readonly lambda: number;
    readonly weights: readonly number[];
    readonly bias: readonly number[];
    readonly loo: number;
  }[];
  readonly procrustes: {
    readonly y: Matrix;
    readonly rotation: readonly number[];
    readonly scale: number;
    readonly r2: number;
    readonly scaledR2: number;
  };
  readonly standardised: Matrix;
  readonly logistic: readonly {
    readonly l2: number;
    readonly labels: Int32Array;
    readonly loss: number;
    /** Absent where a class has no rows. */
    readonly probabilities?: readonly number[];
  }[];
  readonly kMeans: readonly {
    readonly start: Matrix;
    readonly labels: readonly number[];
    readonly inertia: number;
    readonly centroids: readonly number[];
  }[];
  /** `[rows, 4]` largest cosines among all rows, the row itself included. */
  readonly similarities: readonly number[];
}

type Stored = Record<string, unknown> & { rows: number; columns: number };

const file = path.join(import.meta.dirname, '../../../test/fixtures/linear-algebra/cases.json');

export function scipyCases(): readonly ScipyCase[] {
  const stored = JSON.parse(readFileSync(file, 'utf8')) as Record<string, Stored>;
  return Object.entries(stored).map(([name, entry]) => {
    const toMatrix = (values: unknown, columns = entry.columns): Matrix => {
      const data = Float32Array.from(values as number[]);
      return matrix(data, data.length / columns, columns);
    };
    const part = entry as unknown as ScipyCase;
    return {
      ...part,
      name,
      x: toMatrix(entry['x']),
      targets: toMatrix(entry['targets'], 2),
      procrustes: { ...part.procrustes, y: toMatrix(part.procrustes.y) },
      standardised: toMatrix(entry['standardised']),
      logistic: part.logistic.map((each) => ({ ...each, labels: Int32Array.from(each.labels) })),
      kMeans: part.kMeans.map((each) => ({ ...each, start: toMatrix(each.start) })),
    };
  });
}

/** The same rows in blocks that divide nothing evenly, in one buffer that every block overwrites. */
export function inOddBlocks(source: Matrix): RowBlocks {
  const views = matrixBlocks(source, 7);
  const buffer = new Float32Array(7 * source.columns);
  return {
    rows: source.rows,
    columns: source.columns,
    async *blocks() {
      for await (const view of views.blocks()) {
        buffer.fill(Number.NaN);
        buffer.set(view.data);
        yield matrix(buffer.subarray(0, view.data.length), view.rows, view.columns);
      }
    },
  };
}
