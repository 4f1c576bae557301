import { Matrix as Dense, QrDecomposition } from 'ml-matrix';
import type { DoubleMatrix, Matrix } from '../../contract/data.ts';
import { createRng, type Rng } from '../../rng.ts';
import { completedRotation } from './completed-rotation.ts';
import { centredDouble, scaleColumns, toFloat32 } from './double-matrix.ts';
import { centredProducts, type CentredProducts } from './gram.ts';
import { LOW_RANK_SHARE, WIDE_COLUMNS, leadingEigen } from './leading-eigen.ts';
import type { Multiplier } from './multiplier.ts';
import { completingColumns, orthonormalColumns } from './orthonormal.ts';
import { readAllRows, type Rows } from './row-blocks.ts';
import { columnMeans } from './standardize.ts';
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
  if (x.rows !== y.rows) throw new RangeError(`pairing ${x.rows} with ${y.rows} rows`);
  const isLowRank = x.columns >= WIDE_COLUMNS && x.rows <= x.columns * LOW_RANK_SHARE;
  const { rotation, traceNorm, xMean, yMean, xSquares, ySquares } = isLowRank
    ? await ofFewRows(multiplier, await readAllRows(x), await readAllRows(y))
    : await ofManyRows(multiplier, x, y);
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

/** The rotation `U Wᵀ` and the sum of the singular values of `U S Wᵀ`, and what was measured on the way. */
interface Turn extends Omit<CentredProducts, 'product' | 'rows'> {
  readonly rotation: DoubleMatrix;
  readonly traceNorm: number;
}

async function ofManyRows(multiplier: Multiplier, x: Rows, y: Rows): Promise<Turn> {
  const products = await centredProducts(multiplier, x, y);
  return { ...products, ...(await nearestRotation(multiplier, products.product)) };
}

/**
 * Rows much fewer than columns: with `xᵀ = A R` and `yᵀ = B T` (QR), `xᵀ y = A (R Tᵀ) Bᵀ`, and only the part between `A` and `B`, as
 * large as there are rows, has to be decomposed.
 */
async function ofFewRows(multiplier: Multiplier, x: Matrix, y: Matrix): Promise<Turn> {
  const xMean = await columnMeans(x);
  const yMean = await columnMeans(y);
  const [xCentred, yCentred] = [centredDouble(x, xMean), centredDouble(y, yMean)];
  const [a, b] = [rowBasis(xCentred), rowBasis(yCentred)];
  const core = await multiplier.matmulFloat64(a.coordinates, b.coordinates, { transposeB: true });
  const gram = await multiplier.matmulFloat64(core, core, { transposeA: true });
  const { left, right, lengths } = await singularPairs(multiplier, core, eigenSymmetric(gram).vectors);
  const from = await multiplier.matmulFloat64(a.basis, left);
  const to = await multiplier.matmulFloat64(b.basis, right, { transposeB: true });
  return {
    rotation: await completedRotation(multiplier, from, to, nullDirections()),
    traceNorm: sum(lengths),
    xMean,
    yMean,
    xSquares: sum(xCentred.data.map((value) => value ** 2)),
    ySquares: sum(yCentred.data.map((value) => value ** 2)),
  };
}

/** `basis [p, n]` with orthonormal columns and `coordinates [n, n]`: `rowsᵀ = basis @ coordinates` for `rows [n, p]`. */
function rowBasis({ data, rows, columns }: DoubleMatrix): {
  readonly basis: DoubleMatrix;
  readonly coordinates: DoubleMatrix;
} {
  const qr = new QrDecomposition(Dense.from1DArray(rows, columns, data).transpose());
  const double = (dense: Dense): DoubleMatrix => ({
    data: Float64Array.from(dense.to1DArray()),
    rows: dense.rows,
    columns: dense.columns,
  });
  return { basis: double(qr.orthogonalMatrix), coordinates: double(qr.upperTriangularMatrix) };
}

/** `U Wᵀ` and the sum of the singular values of `product = U S Wᵀ [p, p]`. */
async function nearestRotation(
  multiplier: Multiplier,
  product: DoubleMatrix,
): Promise<Pick<Turn, 'rotation' | 'traceNorm'>> {
  const size = product.rows;
  const gram = await multiplier.matmulFloat64(product, product, { transposeA: true });
  const low =
    size < WIDE_COLUMNS ? undefined : await leadingEigen(multiplier, gram, Math.floor(size * LOW_RANK_SHARE));
  const { vectors } = low ?? eigenSymmetric(gram);
  const { left: known, right, lengths } = await singularPairs(multiplier, product, vectors);
  const traceNorm = sum(lengths);
  if (low !== undefined) {
    const to = await orthonormalColumns(multiplier, transposed(right));
    return { rotation: await completedRotation(multiplier, known, to, nullDirections()), traceNorm };
  }
  const missing = size - known.columns;
  const left =
    missing === 0
      ? known
      : beside(known, await completingColumns(multiplier, known, missing, nullDirections()));
  return { rotation: await multiplier.matmulFloat64(left, vectors), traceNorm };
}

/** What the singular values leave free is drawn from here. */
function nullDirections(): Rng {
  return createRng('procrustes null directions');
}

/**
 * Singular values of `product` and their directions on both sides, where they are above rounding.
 * @param vectors eigenvectors of its Gram matrix, by descending eigenvalue, one a row
 * @returns `left [p, rank]` and `right [rank, p]`, and a length for every vector
 */
async function singularPairs(
  multiplier: Multiplier,
  product: DoubleMatrix,
  vectors: DoubleMatrix,
): Promise<{ readonly left: DoubleMatrix; readonly right: DoubleMatrix; readonly lengths: Float64Array }> {
  // Columns U S, whose lengths are the singular values, to more digits than the roots of the eigenvalues have.
  const image = await multiplier.matmulFloat64(product, vectors, { transposeB: true });
  const lengths = columnLengths(image);
  const floor = NULL_SHARE * lengths.reduce((most, value) => Math.max(most, value), 0);
  // Descending, so the directions of a null space come last.
  let rank = 0;
  while (rank < lengths.length && (lengths[rank] ?? 0) > floor) rank++;
  const unit = scaleColumns(
    image,
    lengths.map((value) => (value > 0 ? 1 / value : 0)),
  );
  return {
    left: await orthonormalColumns(multiplier, firstColumns(unit, rank)),
    right: { data: vectors.data.subarray(0, rank * vectors.columns), rows: rank, columns: vectors.columns },
    lengths,
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

function transposed({ data, rows, columns }: DoubleMatrix): DoubleMatrix {
  const turned = new Float64Array(data.length);
  for (let i = 0, at = 0; i < rows; i++)
    for (let j = 0; j < columns; j++, at++) turned[j * rows + i] = data[at] ?? 0;
  return { data: turned, rows: columns, columns: rows };
}

function sum(values: Float64Array): number {
  return values.reduce((total, value) => total + value, 0);
}
