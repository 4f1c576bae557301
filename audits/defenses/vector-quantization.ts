import { z } from 'zod';
import { type Matrix, matrix, matrixRow, selectRows } from '../contract/data.ts';
import type { ProviderStatistics } from '../contract/method.ts';
import { defineDefense } from './define-defense.ts';
import { lloyd, nearestRow } from './lloyd.ts';
import { oncePerProvider } from './per-provider.ts';

/**
 * Answers with the nearest word of a codebook of the provider's embeddings, within `radius` of the truth: the idea of
 * ModelGuard-S carried over to embeddings (landscape D6). A word farther away than that is only gone towards, up to the radius, so
 * no honest user is ever farther off. With `parts` > 1 each part of the vector has a codebook of its own (product
 * quantization). A reply inside the radius carries `parts * log2(words)` bits, whatever the attacker asks.
 *
 * Threat model: a fixed distortion; averaging repeats gains nothing, regression over many inputs may.
 */
const config = z.object({
  /** Codewords per part; 256 is a byte each, as in product quantization of search engines. */
  words: z.int().min(1).max(4096).default(256),
  /** Parts of the vector, each with a codebook of its own. */
  parts: z.int().min(1).max(256).default(8),
  /** Largest distance of a reply from the truth, in root mean square distances of the provider's embeddings from their mean. */
  radius: z.number().positive().max(1000).default(1),
});

/** Passes of Lloyd's algorithm: words need to follow the data, not to be a minimum. */
const PASSES = 10;

export const vectorQuantization = defineDefense({
  meta: {
    id: 'vector-quantization',
    version: 1,
    title: 'Vector quantization',
    summary: 'Answers with the nearest codeword of a codebook, within a radius of the truth.',
    reference: {
      authors: 'M. Tang, A. Dai, L. DiValentin, A. Ding, A. Hass, N. Z. Gong, Y. Chen, H. Li',
      title: 'ModelGuard: Information-Theoretic Defense Against Model Extraction Attacks',
      venue: 'USENIX Security',
      year: 2024,
    },
    mechanism: 'Many inputs share one reply, so the information in each is capped.',
    mustFace: ['direct-extraction', 'view-averaging', 'inverse-fit'],
    stateful: false,
  },
  config,
  openSession({ config: { words, parts, radius }, provider }) {
    const codebooks = codebooksOf(provider, { words, parts });
    const variance = provider.standardDeviation.reduce((sum, value) => sum + value * value, 0);
    const farthest = radius * Math.sqrt(variance);
    return {
      reply(embeddings) {
        const data = new Float32Array(embeddings.data.length);
        for (let row = 0; row < embeddings.rows; row++) {
          const truth = matrixRow(embeddings, row);
          const word = codebooks.flatMap(({ start, end, book }) => {
            const part = truth.subarray(start, end);
            return [...matrixRow(book, nearestRow(book, part))];
          });
          const distance = Math.hypot(...word.map((value, i) => value - (truth[i] ?? 0)));
          const share = distance > farthest ? farthest / distance : 1;
          word.forEach((value, i) => {
            const exact = truth[i] ?? 0;
            data[row * embeddings.columns + i] = share === 1 ? value : exact + share * (value - exact);
          });
        }
        return matrix(data, embeddings.rows, embeddings.columns);
      },
    };
  },
});

interface Codebook {
  readonly start: number;
  readonly end: number;
  /** `[words, end - start]` */
  readonly book: Matrix;
}

/** Codebooks are the service's, the same for every account. */
const codebooksOf = oncePerProvider(
  (
    { embeddings }: ProviderStatistics,
    { words, parts }: { readonly words: number; readonly parts: number },
  ): readonly Codebook[] => {
    const { columns } = embeddings;
    const count = Math.min(parts, columns);
    return Array.from({ length: count }, (_, part): Codebook => {
      const [start, end] = [Math.floor((part * columns) / count), Math.floor(((part + 1) * columns) / count)];
      return { start, end, book: cluster(columnsOf(embeddings, start, end), words) };
    });
  },
  ({ words, parts }) => `${words}/${parts}`,
);

function columnsOf(source: Matrix, start: number, end: number): Matrix {
  const data = new Float32Array(source.rows * (end - start));
  for (let row = 0; row < source.rows; row++)
    data.set(matrixRow(source, row).subarray(start, end), row * (end - start));
  return matrix(data, source.rows, end - start);
}

/** No chance in it, so the codebook belongs to the embeddings and not to the service's key. */
function cluster(rows: Matrix, words: number): Matrix {
  return lloyd(rows, selectRows(rows, farthestRows(rows, Math.min(words, rows.rows))), PASSES);
}

/** Seeds: the first row, then always the row farthest from all seeds so far; of equals the first. */
function farthestRows(rows: Matrix, count: number): readonly number[] {
  const seeds = [0];
  const distances = new Float64Array(rows.rows).fill(Infinity);
  while (seeds.length < count) {
    const seed = matrixRow(rows, seeds.at(-1) ?? 0);
    let next = 0;
    for (let row = 0; row < rows.rows; row++) {
      let distance = 0;
      for (let i = 0, at = row * rows.columns; i < seed.length; i++, at++)
        distance += ((rows.data[at] ?? 0) - (seed[i] ?? 0)) ** 2;
      distances[row] = Math.min(distances[row] ?? 0, distance);
      if ((distances[row] ?? 0) > (distances[next] ?? 0)) next = row;
    }
    seeds.push(next);
  }
  return seeds;
}
