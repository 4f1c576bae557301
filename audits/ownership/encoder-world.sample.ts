import { matrix, matrixRow, type Matrix } from '../contract/data.ts';
import type {
  DisturbedEmbeddings,
  EncoderObservations,
  OwnershipContext,
  SideObservations,
} from '../contract/ownership.ts';
import { createFidelity } from '../run/measure-fidelity.ts';
import { createRng, type Rng } from '../rng.ts';
import { plainMultiplier } from '../tensor/linear-algebra/plain-multiplier.sample.ts';

/**
 * A world small enough to compute by hand: images are points of a few hidden numbers, an encoder is random features of them
 * (`tanh(x W)`), and a victim has drawn the images it was trained on together. Independent encoders share the images and
 * nothing else; a copy has the victim's weights, slightly off, and so what the victim knows.
 */

const HIDDEN = 6;
const IMAGES = 200;
const COPIES = 4;
const DISTURBED = 64;
const NOISE = 0.02;
/** Share of the way from its group's place at which a memorised image stays. */
const DRAWN_TOGETHER = 0.5;
const GROUPS = 4;

export interface World {
  readonly dimension: number;
  /** Honest by construction: its weights are drawn afresh. */
  independent(name: string): EncoderObservations;
  readonly victim: EncoderObservations;
  /** Weights off by this share of their size. */
  copy(name: string, off: number): EncoderObservations;
  context(): OwnershipContext;
}

export function createWorld(seed: string, dimension = 10): World {
  const rng = createRng(`world ${seed}`);
  const images = {
    private: points(IMAGES, rng.derive('private')),
    public: points(IMAGES, rng.derive('public')),
  };
  const noisy = {
    private: disturbed(images.private, rng.derive('private noise')),
    public: disturbed(images.public, rng.derive('public noise')),
  };
  const fresh = (name: string): Float64Array => {
    const stream = rng.derive(`weights ${name}`);
    // Directions of unlike strength, so that spectra differ between encoders.
    const strengths = Float64Array.from({ length: HIDDEN }, () => Math.exp(0.5 * stream.normal()));
    return Float64Array.from(
      { length: HIDDEN * dimension },
      (_, at) => ((strengths[Math.floor(at / dimension)] ?? 1) * stream.normal()) / Math.sqrt(HIDDEN),
    );
  };
  const observe = (
    name: string,
    weights: Float64Array,
    memory: boolean,
    rate: number,
  ): EncoderObservations => {
    const embed = (rows: Matrix): Matrix => features(rows, weights, dimension);
    const side = (which: 'private' | 'public'): SideObservations => {
      const plain = embed(images[which]);
      const drawn = memory && which === 'private' ? drawnTogether(plain) : plain;
      // What was memorised moves an image and its noisy copies alike: it is no matter of smoothness.
      const copies = embed(noisy[which].embeddings);
      const moved = copies.data.map((value, at) => {
        const row = Math.floor(Math.floor(at / dimension) / COPIES);
        const from = row * dimension + (at % dimension);
        return value + (drawn.data[from] ?? 0) - (plain.data[from] ?? 0);
      });
      const near = { ...noisy[which], embeddings: matrix(moved, copies.rows, dimension) };
      return { embeddings: drawn, noisy: near, nearby: near };
    };
    const own = side('private');
    const marks = rng.derive(`marks ${name}`);
    return {
      name,
      compared: own.embeddings,
      private: own,
      public: side('public'),
      markRates: Float64Array.from({ length: 30 }, () => rate + 0.02 * marks.normal()),
    };
  };
  const stolen = fresh('victim');
  const victim = observe('victim', stolen, true, 0.9);
  return {
    dimension,
    victim,
    independent: (name) =>
      observe(name, fresh(name), false, 0.5 + 0.01 * rng.derive(`chance ${name}`).normal()),
    copy(name, off) {
      const other = fresh(name);
      return observe(
        name,
        stolen.map((weight, at) => weight + off * (other[at] ?? 0)),
        true,
        0.62,
      );
    },
    context: () => ({
      engine: plainMultiplier,
      rng: createRng('judge'),
      signal: new AbortController().signal,
      victim,
      fidelity: createFidelity(
        { engine: plainMultiplier, rng: createRng('fidelity') },
        features(images.private, fresh('untrained'), dimension),
      ),
    }),
  };
}

function points(rows: number, rng: Rng): Matrix {
  return matrix(
    Float32Array.from({ length: rows * HIDDEN }, () => rng.normal()),
    rows,
    HIDDEN,
  );
}

function disturbed(images: Matrix, rng: Rng): DisturbedEmbeddings {
  const data = Float32Array.from({ length: DISTURBED * COPIES * HIDDEN }, (_, at) => {
    const image = Math.floor(at / HIDDEN / COPIES);
    return (images.data[image * HIDDEN + (at % HIDDEN)] ?? 0) + NOISE * rng.normal();
  });
  return { images: DISTURBED, perImage: COPIES, embeddings: matrix(data, DISTURBED * COPIES, HIDDEN) };
}

function features(images: Matrix, weights: Float64Array, dimension: number): Matrix {
  const data = new Float32Array(images.rows * dimension);
  for (let i = 0; i < images.rows; i++) {
    const image = matrixRow(images, i);
    for (let j = 0; j < dimension; j++)
      data[i * dimension + j] = Math.tanh(
        image.reduce((sum, value, k) => sum + value * (weights[k * dimension + j] ?? 0), 0),
      );
  }
  return matrix(data, images.rows, dimension);
}

/** Every row nearer to the place of its group (that of the group's first image), as a network does to images it saw often. */
function drawnTogether(plain: Matrix): Matrix {
  const { rows, columns } = plain;
  const data = plain.data.map((value, at) => {
    const place = plain.data[(Math.floor(at / columns) % GROUPS) * columns + (at % columns)] ?? 0;
    return place + DRAWN_TOGETHER * (value - place);
  });
  return matrix(data, rows, columns);
}
