/**
 * Rows an account has sent, searched by brute force: every new row is compared with all before it, as the published
 * detectors do. A search costs `rows * columns` multiplications, so an account of n rows costs about n^2 / 2 of them:
 * with 256 columns 20 s of a busy server's core for 10 000 rows, and four times that for 20 000.
 */
export interface RowHistory {
  readonly rows: number;
  add(row: Float32Array): void;
  /** Largest cosine to any row; -Infinity while there is none. A row of zeros has cosine 0 with everything. */
  largestCosine(row: Float32Array): number;
  /** Smallest Euclidean distance to any row; Infinity while there is none. */
  smallestDistance(row: Float32Array): number;
  clear(): void;
}

const FIRST_CAPACITY = 64;

/** @param columns length of every row */
export function createRowHistory(columns: number): RowHistory {
  let data = new Float32Array(FIRST_CAPACITY * columns);
  let squares = new Float64Array(FIRST_CAPACITY);
  let rows = 0;
  return {
    get rows() {
      return rows;
    },
    add(row) {
      if (row.length !== columns)
        throw new RangeError(`a row of ${row.length} values among rows of ${columns}`);
      if (rows === squares.length) {
        data = grown(data, new Float32Array(2 * data.length));
        squares = grown(squares, new Float64Array(2 * squares.length));
      }
      data.set(row, rows * columns);
      squares[rows] = dot(row, row, 0);
      rows += 1;
    },
    largestCosine(row) {
      const length = Math.sqrt(dot(row, row, 0));
      let best = -Infinity;
      for (let at = 0; at < rows; at++) {
        const lengths = length * Math.sqrt(squares[at] ?? 0);
        best = Math.max(best, lengths === 0 ? 0 : dot(row, data, at * columns) / lengths);
      }
      return best;
    },
    smallestDistance(row) {
      // The sum of squared differences itself: the expansion by products loses the small distances that matter here.
      let best = Infinity;
      for (let at = 0; at < rows; at++) best = Math.min(best, squaredDistance(row, data, at * columns));
      return Math.sqrt(best);
    },
    clear() {
      rows = 0;
    },
  };
}

function grown<Values extends Float32Array | Float64Array>(from: Values, to: Values): Values {
  to.set(from);
  return to;
}

/** `row . others[offset ...]`, in double precision. */
function dot(row: Float32Array, others: Float32Array, offset: number): number {
  let sum = 0;
  for (let i = 0; i < row.length; i++) sum += (row[i] ?? 0) * (others[offset + i] ?? 0);
  return sum;
}

function squaredDistance(row: Float32Array, others: Float32Array, offset: number): number {
  let sum = 0;
  for (let i = 0; i < row.length; i++) {
    const difference = (row[i] ?? 0) - (others[offset + i] ?? 0);
    sum += difference * difference;
  }
  return sum;
}
