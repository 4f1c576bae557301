import { z } from 'zod';
import type { MarkInput } from '../contract/method.ts';
import type { Rng } from '../rng.ts';
import { defineDefense } from './define-defense.ts';
import { sharedMark } from './mark-geometry.ts';
import { markKeysSchema, markRows, markStream, type MarkRow } from './marked-rows.ts';

/**
 * A secret circulant matrix in every reply (WET, Shetty et al. 2025; landscape D8): `y = |e| T e / |T e|`. Each row of
 * `T` holds the same `terms` numbers from U(0, 1), scaled to sum 1, one place further on than the row before, so that every
 * coordinate of a reply blends `terms` coordinates of the embedding. With `strength` s it is `(1 - s) I + s T`.
 *
 * Threat model: the thief trains on replies and uses the copy as it is. Nothing is hidden and nothing made harder: the copy is as
 * good as the replies are. Whoever turns, reorders or (in the paper) shortens the copy's coordinates is rid of the mark.
 *
 * The paper looks for the embedding in `pinv(T) g(x)`. The inverse of a matrix whose condition is 20 to 100 (25 terms, 128 to
 * 1 536 dimensions) makes a copy's errors so many times larger, so the verifier here looks for `T e` itself in the copy, as far as
 * `e` does not explain it.
 */
const config = z.object({
  /** Coordinates blended into each: a few dozen in the paper, at most the dimension. */
  terms: z.int().min(2).max(4096).default(25),
  /** Share of the blend in a reply. 1 is the paper's. */
  strength: z.number().positive().max(1).default(1),
  keys: markKeysSchema,
});

type Config = z.infer<typeof config>;

/** Matrices drawn, of which the best conditioned is used: random ones are now and then nearly singular. */
const CANDIDATES = 8;

export const linearWatermark = defineDefense({
  meta: {
    id: 'linear-watermark',
    version: 1,
    title: 'Linear watermark',
    summary: 'Blends the coordinates of every reply by a secret matrix that a copy inherits.',
    reference: {
      authors: 'A. Shetty, Q. Xu, J. H. Lau',
      title:
        'WET: Overcoming Paraphrasing Vulnerabilities in Embeddings-as-a-Service with Linear Transformation Watermarks',
      venue: 'ACL',
      year: 2025,
      url: 'https://arxiv.org/abs/2409.04459',
    },
    mechanism: 'A copy answers in blended coordinates, which only the owner of the matrix can show to be so.',
    mustFace: ['direct-extraction', 'view-averaging', 'sybil-remap', 'watermark-removal'],
    stateful: true,
  },
  config,
  openSession(mark) {
    const markRow = blending(mark);
    return { reply: (embeddings) => markRows(embeddings, markRow) };
  },
  verify(suspect, mark) {
    const clean = mark.provider.embeddings;
    const marked = markRows(clean, blending(mark));
    // Every such matrix keeps the mean over coordinates (all rows and columns sum to 1): it says nothing of the key.
    return sharedMark({ suspect, clean, marked }, [...Array(clean.rows).keys()], { isLevelLess: true });
  },
});

function blending(mark: Pick<MarkInput<Config>, 'config' | 'provider' | 'account' | 'rng'>): MarkRow {
  const { strength, terms } = mark.config;
  const { columns } = mark.provider.embeddings;
  const row = circulant(columns, Math.min(terms, columns), markStream(mark));
  return (embedding) => {
    const blended = blend(row, embedding);
    return blended.map((value, i) => (1 - strength) * (embedding[i] ?? 0) + strength * value);
  };
}

/** `T e`. */
function blend({ places, weights }: Circulant, embedding: Float32Array): Float64Array {
  const { length } = embedding;
  const blended = new Float64Array(length);
  for (let term = 0; term < weights.length; term++) {
    const weight = weights[term] ?? 0;
    for (let i = 0, from = places[term] ?? 0; i < length; i++, from = from + 1 < length ? from + 1 : 0)
      blended[i] = (blended[i] ?? 0) + weight * (embedding[from] ?? 0);
  }
  return blended;
}

/** A circulant matrix as its first row: `weights` at `places`, 0 elsewhere. */
export interface Circulant {
  readonly places: Uint32Array;
  readonly weights: Float64Array;
}

/** Of some drawn ones that with the largest smallest eigenvalue. */
export function circulant(size: number, terms: number, rng: Rng): Circulant {
  const drawn = Array.from({ length: CANDIDATES }, (_, candidate) => {
    const stream = rng.derive(`matrix/${candidate}`);
    const places = stream.permutation(size).slice(0, terms);
    const raw = Float64Array.from({ length: terms }, () => stream.uniform());
    const sum = raw.reduce((total, value) => total + value, 0);
    const row = { places, weights: raw.map((value) => value / sum) };
    return { row, smallest: Math.min(...eigenvalueSizes(row, size)) };
  });
  return drawn.reduce((best, one) => (one.smallest > best.smallest ? one : best)).row;
}

/** Absolute eigenvalues: the discrete Fourier transform of the first row. */
export function eigenvalueSizes({ places, weights }: Circulant, size: number): Float64Array {
  return Float64Array.from({ length: size }, (_, frequency) => {
    let [real, imaginary] = [0, 0];
    weights.forEach((weight, term) => {
      const angle = (2 * Math.PI * ((frequency * (places[term] ?? 0)) % size)) / size;
      real += weight * Math.cos(angle);
      imaginary += weight * Math.sin(angle);
    });
    return Math.hypot(real, imaginary);
  });
}
