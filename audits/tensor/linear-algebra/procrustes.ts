import type { DoubleMatrix, Matrix } from '../../contract/data.ts';
import { createRng } from '../../rng.ts';
import { scaleColumns, toFloat32 } from './double-matrix.ts';
import { centredProducts } from './gram.ts';
import type { Multiplier } from './multiplier.ts';
import { completingColumns, orthonormalColumns } from './orthonormal.ts';
import type { Rows } from './row-blocks.ts';
import { eigenSymmetric } from './symmetric-eigen.ts';

export interface Procrustes {
  /** Orthogonal, `[p, p]`: `scale · (x - xMean) @ rotation + yMean` is nearest to `y`. */
  readonly rotation: Matrix;
  /** 1 unless asked for. */
  readonly scale: number;
  readonly xMean: Float64Array;
  readonly yMean: Float64Array;
  /** Explained share of the variance of `y`; negative where nothing fits and no scale may be chosen. */
  readonly r2: number;
}

/** Singular values below this share of the largest belong to no direction: their Gram matrix cannot tell them from 0. */
const NULL_SHARE = 1e-7;

/**
 * The rotation (or reflection) that takes the centred rows of `x [n, p]` nearest to those of `y [n, p]` (Schönemann
 * 1966): `U Wᵀ` of the singular value decomposition of `xᵀ y`. Where that product is rank deficient the rest of the
 * rotation is free; it is drawn from a fixed seed.
 * One pass over the rows; memory: a block and `[p, p]`.
 * @throws RangeError when rows or widths differ
 */
export async function fitProcrustes(
  multiplier: Multiplier,
  x: Rows,
  y: Rows,
  options: { readonly scale?: boolean } = {},
): Promise<Procrustes> {
  if (x.columns !== y.columns) throw new RangeError(`turning ${x.columns} columns onto ${y.columns}`);
  const { product, xMean, yMean, xSquares, ySquares } = await centredProducts(multiplier, x, y);
  const { rotation, traceNorm } = await nearestRotation(multiplier, product);
  const scale = options.scale === true && xSquares > 0 ? traceNorm / xSquares : 1;
  // ‖y - s x R‖² = ‖y‖² - 2 s tr(Rᵀ xᵀ y) + s² ‖x‖², and the trace is the sum of the singular values.
  const residual = ySquares - 2 * scale * traceNorm + scale * scale * xSquares;
  return {
    rotation: toFloat32(rotation),
    scale,
    xMean,
    yMean,
    r2: ySquares > 0 ? 1 - residual / ySquares : 0,
  };
}

/** `U Wᵀ` and the sum of the singular values of `product = U S Wᵀ [p, p]`. */
async function nearestRotation(
  multiplier: Multiplier,
  product: DoubleMatrix,
): Promise<{ readonly rotation: DoubleMatrix; readonly traceNorm: number }> {
  const size = product.rows;
  const gram = await multiplier.matmulFloat64(product, product, { transposeA: true });
  const { vectors } = eigenSymmetric(gram);
  // Columns U S, whose lengths are the singular values, to more digits than the roots of the eigenvalues have.
  const image = await multiplier.matmulFloat64(product, vectors, { transposeB: true });
  const lengths = columnLengths(image);
  const floor = NULL_SHARE * lengths.reduce((most, value) => Math.max(most, value), 0);
  // Descending, so the directions of a null space come last.
  let rank = 0;
  while (rank < size && (lengths[rank] ?? 0) > floor) rank++;
  const unit = scaleColumns(
    image,
    lengths.map((value) => (value > 0 ? 1 / value : 0)),
  );
  const known = await orthonormalColumns(multiplier, firstColumns(unit, rank));
  const missing = size - rank;
  const left =
    missing === 0
      ? known
      : beside(
          known,
          await completingColumns(multiplier, known, missing, createRng('procrustes null directions')),
        );
  return {
    rotation: await multiplier.matmulFloat64(left, vectors),
    traceNorm: lengths.reduce((sum, value) => sum + value, 0),
  };
}

function columnLengths({ data, rows, columns }: DoubleMatrix): Float64Array {
  const squares = new Float64Array(columns);
  for (let i = 0, at = 0; i < rows; i++)
    for (let j = 0; j < columns; j++, at++) squares[j] = (squares[j] ?? 0) + (data[at] ?? 0) ** 2;
  return squares.map(Math.sqrt);
}

function firstColumns(source: DoubleMatrix, count: number): DoubleMatrix {
  const data = new Float64Array(source.rows * count);
  for (let i = 0; i < source.rows; i++)
    data.set(source.data.subarray(i * source.columns, i * source.columns + count), i * count);
  return { data, rows: source.rows, columns: count };
}

function beside(left: DoubleMatrix, right: DoubleMatrix): DoubleMatrix {
  const columns = left.columns + right.columns;
  const data = new Float64Array(left.rows * columns);
  for (let i = 0; i < left.rows; i++) {
    data.set(left.data.subarray(i * left.columns, (i + 1) * left.columns), i * columns);
    data.set(right.data.subarray(i * right.columns, (i + 1) * right.columns), i * columns + left.columns);
  }
  return { data, rows: left.rows, columns };
}
