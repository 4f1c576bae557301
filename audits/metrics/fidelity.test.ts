import { describe, expect, test } from 'vitest';
import { matrix, type Matrix } from '../contract/data.ts';
import { createRng, type Rng } from '../rng.ts';
import { plainMultiplier } from '../tensor/linear-algebra/plain-multiplier.sample.ts';
import { evaluateSurrogate, measureInformationScale, type TaskEmbeddings } from './evaluate.ts';
import { explainedShare } from './held-out-r2.ts';
import { mutualInformation, nearestNeighborEntropy } from './mi-score.ts';
import { nearestSquaredDistances } from './nearest-distances.ts';
import { rowCosines } from './row-cosines.ts';

const engine = plainMultiplier;
const context = { engine, rng: createRng('fidelity') };

function gaussian(rng: Rng, rows: number, columns: number): Matrix {
  return matrix(
    Float32Array.from({ length: rows * columns }, () => rng.normal()),
    rows,
    columns,
  );
}

function task(fit: Matrix, score: Matrix): TaskEmbeddings {
  const labels = (rows: number) => Int32Array.from({ length: rows }, (_, i) => i % 2);
  return {
    name: 't',
    classes: 2,
    fit: { embeddings: fit, labels: labels(fit.rows) },
    score: { embeddings: score, labels: labels(score.rows) },
  };
}

const map = (source: Matrix, change: (value: number, at: number) => number): Matrix => ({
  ...source,
  data: source.data.map(change),
});

const victim = task(gaussian(createRng('fit'), 120, 6), gaussian(createRng('score'), 80, 6));
const copyOf = (change: (source: Matrix) => Matrix): TaskEmbeddings =>
  task(change(victim.fit.embeddings), change(victim.score.embeddings));

async function measured(copy: TaskEmbeddings): Promise<Readonly<Record<string, number>>> {
  const found = await evaluateSurrogate(context, [copy], [victim]);
  return Object.fromEntries(found.map(({ metric, value }) => [metric, value]));
}

describe('aligned R²', () => {
  test('by hand: errors (1, 0, 0) around targets (0, 1, 2) leave half of the variance', () => {
    expect(
      explainedShare(matrix(Float32Array.of(0, 1, 2), 3, 1), matrix(Float32Array.of(1, 1, 2), 3, 1)),
    ).toBe(0.5);
  });

  test('an invertible linear map of the victim is seen through by ridge, not by a rotation', async () => {
    const mix = gaussian(createRng('mix'), 6, 6);
    const mixed: Matrix[] = [];
    for (const part of [victim.fit, victim.score]) mixed.push(await engine.matmul(part.embeddings, mix));
    const [fit, score] = mixed;
    if (fit === undefined || score === undefined) throw new Error('two parts were mixed');
    const found = await measured(task(fit, score));
    expect(found['aligned-r2']).toBeGreaterThan(0.999);
    expect(found['procrustes-r2']).toBeLessThan(0.9);
  });

  test('columns in another order, scaled and shifted, are a rotation away', async () => {
    const turned = copyOf((source) =>
      map(source, (_, at) => {
        const row = Math.floor(at / 6);
        return 5 - 3 * (source.data[row * 6 + (5 - (at % 6))] ?? 0);
      }),
    );
    expect((await measured(turned))['procrustes-r2']).toBeCloseTo(1, 4);
  });

  test('half of the dimensions explain half of the variance, in a narrower space too', async () => {
    const half = copyOf((source) =>
      matrix(
        Float32Array.from(
          { length: source.rows * 3 },
          (_, at) => source.data[Math.floor(at / 3) * 6 + (at % 3)] ?? 0,
        ),
        source.rows,
        3,
      ),
    );
    const found = await measured(half);
    expect(Math.abs((found['aligned-r2'] ?? 0) - 0.5)).toBeLessThan(0.08);
    expect(Math.abs((found['procrustes-r2'] ?? 0) - 0.5)).toBeLessThan(0.08);
    expect(found['raw-cosine']).toBeUndefined();
  });

  test('an unrelated encoder explains nothing that holds on other rows', async () => {
    const other = task(gaussian(createRng('o1'), 120, 6), gaussian(createRng('o2'), 80, 6));
    expect((await measured(other))['aligned-r2']).toBeLessThan(0.05);
  });
});

describe('raw cosine and distance', () => {
  test('are 1 and 0 for the victim itself; the opposite vectors have cosine -1 and twice the length', async () => {
    const same = await measured(victim);
    expect(same['raw-cosine']).toBeCloseTo(1, 6);
    expect(same['raw-l2']).toBe(0);
    const opposite = await measured(copyOf((source) => map(source, (value) => -value)));
    expect(opposite['raw-cosine']).toBeCloseTo(-1, 6);
    expect(opposite['raw-l2']).toBeGreaterThan(4);
  });

  test('are not measured at another scale', async () => {
    const longer = await measured(copyOf((source) => map(source, (value) => 3 * value)));
    expect([longer['raw-cosine'], longer['raw-l2']]).toEqual([undefined, undefined]);
  });

  test('by hand: (3, 4) and (4, 3) have cosine 24 / 25; a zero row has 0', () => {
    const a = matrix(Float32Array.of(3, 4, 0, 0), 2, 2);
    const b = matrix(Float32Array.of(4, 3, 1, 0), 2, 2);
    expect(rowCosines(a, b)[0]).toBeCloseTo(0.96, 6);
    expect(rowCosines(a, b)[1]).toBe(0);
  });
});

describe('the mutual-information score', () => {
  test('the entropy estimate is that of a Gaussian: d/2 log 2πe nats', async () => {
    const points = gaussian(createRng('entropy'), 1500, 2);
    const { first } = await nearestSquaredDistances({ engine }, points, points);
    expect(Math.abs(nearestNeighborEntropy(first, 2) - Math.log(2 * Math.PI * Math.E))).toBeLessThan(0.12);
  });

  test('by hand: three points on a line, nearest distances 1, 1 and 2', async () => {
    const line = matrix(Float32Array.of(0, 1, 3), 3, 1);
    const { first, joint } = await nearestSquaredDistances({ engine }, line, line);
    expect([...first]).toEqual([1, 1, 4]);
    expect([...joint]).toEqual([2, 2, 8]);
    // log 2 + (log 1 + log 1 + log 2) / 3 + log(√π / Γ(3/2)) + γ, and √π / Γ(3/2) = 2
    expect(nearestNeighborEntropy(first, 1)).toBeCloseTo((7 / 3) * Math.log(2) + 0.577216, 5);
  });

  test('is 1 for the victim, 0 for the untrained network, between for a noisy copy, blind to scale', async () => {
    const untrained = gaussian(createRng('untrained'), 80, 6);
    const informationScale = await measureInformationScale({ engine }, victim, untrained);
    const score = async (embeddings: Matrix): Promise<number> => {
      const copy = task(victim.fit.embeddings, embeddings);
      const found = await evaluateSurrogate(context, [copy], [{ ...victim, informationScale }]);
      return found.find(({ metric }) => metric === 'mi-score')?.value ?? Number.NaN;
    };
    const noise = createRng('noise');
    const noisy = map(victim.score.embeddings, (value) => value + 0.2 * noise.normal());
    expect(await score(victim.score.embeddings)).toBeCloseTo(1, 6);
    expect(await score(map(victim.score.embeddings, (value) => 10 * value))).toBeCloseTo(1, 3);
    expect(await score(untrained)).toBeCloseTo(0, 6);
    expect(await score(noisy)).toBeGreaterThan(0.05);
    expect(await score(noisy)).toBeLessThan(0.95);
  });

  test('one unrelated encoder says as little as the other, so their difference is next to nothing', async () => {
    const points = gaussian(createRng('a'), 600, 8);
    const information = async (other: Matrix) => mutualInformation({ engine }, points, other);
    const own = await information(points);
    const [b, c] = [gaussian(createRng('b'), 600, 8), gaussian(createRng('c'), 600, 8)];
    const [first, second] = [await information(b), await information(c)];
    expect(Math.abs(first - second) / (own - first)).toBeLessThan(0.05);
  });
});
