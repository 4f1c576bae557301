import { z } from 'zod';
import { matrix, matrixRow } from '../contract/data.ts';
import type { ProviderStatistics } from '../contract/method.ts';
import type { Rng } from '../rng.ts';
import { defineDefense } from './define-defense.ts';

/**
 * A map of the embedding space per account, drawn from the service's key and fixed for the account's life (Dubiński et
 * al. 2023, section 3.3; landscape D2): replies of two accounts do not fit together, which is meant to keep a thief from
 * spreading queries over many of them. Within one account nothing is hidden.
 *
 * Threat model: the attacker knows the family, not the draws.
 * - `rotation`: a uniformly random orthogonal map about the origin; lengths, angles and so every search stay as they were;
 * - `elementwise`: every coordinate times `U(-1, 1)` plus `U(-1, 1)` of its standard deviations;
 * - `affine`: a full matrix of `U(-1, 1)` entries plus such an offset, as in the published end-to-end code;
 * - `pad-shuffle`: as many constant coordinates again, then all coordinates shuffled;
 * - `binary`: on which side of `2d` random hyperplanes an embedding lies, as -1 and 1.
 *
 * Offsets are in units of the provider's standard deviations and hyperplanes pass through the cloud of the provider's
 * embeddings, so that a family means the same for every encoder; the published draws are in embedding units.
 */
const config = z.object({
  family: z.enum(['rotation', 'elementwise', 'affine', 'pad-shuffle', 'binary']).default('rotation'),
});

type Family = z.infer<typeof config>['family'];

/** Fills `reply [output dimension]` from `embedding [input dimension]`. */
type RowMap = (embedding: Float32Array, reply: Float32Array) => void;

/** Replies twice as long as embeddings: pads and shuffles, or two bits a dimension. */
const DOUBLED: ReadonlySet<Family> = new Set(['pad-shuffle', 'binary']);

export const accountTransform = defineDefense({
  meta: {
    id: 'account-transform',
    version: 1,
    title: 'Account transform',
    summary: 'Maps the embeddings of every account by a secret map of its own.',
    reference: {
      authors: 'J. Dubiński, S. Pawlak, F. Boenisch, T. Trzciński, A. Dziedzic',
      title: 'Bucks for Buckets (B4B): Active Defenses Against Stealing Encoders',
      venue: 'NeurIPS',
      year: 2023,
      url: 'https://arxiv.org/abs/2310.08571',
    },
    mechanism: 'Replies of different accounts lie in different spaces, so a thief cannot pool them.',
    mustFace: ['direct-extraction', 'sybil-remap'],
    stateful: true,
  },
  config,
  outputDimension: ({ family }, dimension) => (DOUBLED.has(family) ? 2 * dimension : dimension),
  openSession({ config: { family }, provider, account, rng }) {
    const map = draw[family](rng.derive(`account/${account}`), provider);
    const columns = provider.embeddings.columns * (DOUBLED.has(family) ? 2 : 1);
    return {
      reply(embeddings) {
        const replies = matrix(new Float32Array(embeddings.rows * columns), embeddings.rows, columns);
        for (let row = 0; row < embeddings.rows; row++)
          map(matrixRow(embeddings, row), matrixRow(replies, row));
        return replies;
      },
    };
  },
});

const draw: Readonly<Record<Family, (rng: Rng, provider: ProviderStatistics) => RowMap>> = {
  rotation(rng, { embeddings: { columns } }) {
    const reflections = Array.from({ length: columns }, (_, first) => reflection(rng, columns - first));
    return (embedding, reply) => {
      const turned = Float64Array.from(embedding);
      for (const mirror of reflections) reflect(turned.subarray(columns - mirror.length), mirror);
      reply.set(turned);
    };
  },
  elementwise(rng, { standardDeviation }) {
    const factor = Float64Array.from(standardDeviation, () => symmetric(rng));
    const offset = Float64Array.from(standardDeviation, (deviation) => deviation * symmetric(rng));
    return (embedding, reply) =>
      embedding.forEach((value, i) => (reply[i] = value * (factor[i] ?? 1) + (offset[i] ?? 0)));
  },
  affine(rng, { standardDeviation }) {
    const columns = standardDeviation.length;
    // An entry of U(-1, 1) has variance 1/3: with this factor replies vary as much as embeddings do.
    const scale = Math.sqrt(3 / columns);
    const weights = Float64Array.from({ length: columns ** 2 }, () => scale * symmetric(rng));
    const spread = norm(standardDeviation) / Math.sqrt(columns);
    const offset = Float64Array.from(standardDeviation, () => spread * symmetric(rng));
    return (embedding, reply) =>
      offset.forEach((value, i) => (reply[i] = value + inner(weights, i * columns, embedding)));
  },
  'pad-shuffle'(rng, { mean, standardDeviation }) {
    const columns = mean.length;
    // A pad looks like a value of the coordinate it was made from.
    const pads = mean.map((center, i) => center + (standardDeviation[i] ?? 0) * rng.normal());
    const places = rng.permutation(2 * columns);
    return (embedding, reply) => {
      for (let i = 0; i < columns; i++) {
        reply[places[i] ?? 0] = embedding[i] ?? 0;
        reply[places[columns + i] ?? 0] = pads[i] ?? 0;
      }
    };
  },
  binary(rng, { embeddings, mean }) {
    const { columns } = embeddings;
    const planes = Array.from({ length: 2 * columns }, () => {
      const normal = Float64Array.from({ length: columns }, () => rng.normal());
      // Through a point between the mean and some embedding, so that no bit is the same for everybody.
      const along = rng.uniform();
      const anchor = matrixRow(embeddings, rng.integer(embeddings.rows));
      const point = mean.map((center, i) => center + along * ((anchor[i] ?? 0) - center));
      return { normal, threshold: inner(normal, 0, point) };
    });
    return (embedding, reply) =>
      planes.forEach(
        ({ normal, threshold }, bit) => (reply[bit] = inner(normal, 0, embedding) >= threshold ? 1 : -1),
      );
  },
};

/** Uniform in [-1, 1). */
function symmetric(rng: Rng): number {
  return 2 * rng.uniform() - 1;
}

/**
 * The unit vector of the Householder reflection which takes the first axis to a uniformly drawn direction. One for the last
 * `length` coordinates, for every length down to 1 (there a random sign), multiply to a uniformly distributed orthogonal
 * matrix (Stewart 1980) that never has to be stored.
 */
function reflection(rng: Rng, length: number): Float64Array {
  const vector = Float64Array.from({ length }, () => rng.normal());
  vector[0] = (vector[0] ?? 0) - norm(vector);
  const size = norm(vector);
  return size > 0 ? vector.map((value) => value / size) : vector;
}

/** `x - 2 v (v · x)`, in place. */
function reflect(values: Float64Array, mirror: Float64Array): void {
  const share = 2 * inner(mirror, 0, values);
  mirror.forEach((value, i) => (values[i] = (values[i] ?? 0) - share * value));
}

/** Inner product of `values` with as many numbers of `weights` from `start` on. */
function inner(weights: Float64Array, start: number, values: Float32Array | Float64Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += (weights[start + i] ?? 0) * (values[i] ?? 0);
  return sum;
}

function norm(values: Float32Array | Float64Array): number {
  let sum = 0;
  for (const value of values) sum += value * value;
  return Math.sqrt(sum);
}
