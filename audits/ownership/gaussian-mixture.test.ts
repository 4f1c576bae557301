import { describe, expect, test } from 'vitest';
import { matrix, matrixRow, type Matrix } from '../contract/data.ts';
import { createRng } from '../rng.ts';
import { plainMultiplier } from '../tensor/linear-algebra/plain-multiplier.sample.ts';
import { infoNce } from './contrastive-loss.ts';
import { fitGaussianMixture, logDensities } from './gaussian-mixture.ts';
import { heldOutLikelihoods } from './held-out-likelihood.ts';

function normals(
  rows: number,
  columns: number,
  seed: string,
  shift: (row: number) => number = () => 0,
): Matrix {
  const rng = createRng(seed);
  return matrix(
    Float32Array.from({ length: rows * columns }, (_, at) => rng.normal() + shift(Math.floor(at / columns))),
    rows,
    columns,
  );
}

describe('a mixture of Gaussians', () => {
  test.each(['diagonal', 'full'] as const)(
    'of one, %s, has the density of the normal law',
    async (covariance) => {
      const rows = normals(60, 2, 'one');
      const mixture = await fitGaussianMixture(plainMultiplier, rows, createRng(1), {
        components: 1,
        covariance,
      });
      const densities = await logDensities(plainMultiplier, mixture, rows);
      const [a, b] = [0, 1].map((j) => Array.from({ length: 60 }, (_, i) => rows.data[2 * i + j] ?? 0));
      const mean = (values: readonly number[] = []): number => values.reduce((sum, v) => sum + v, 0) / 60;
      const [ma, mb] = [mean(a), mean(b)];
      const moment = (x: readonly number[] = [], mx: number, y: readonly number[] = [], my: number): number =>
        mean(x.map((value, i) => (value - mx) * ((y[i] ?? 0) - my)));
      const [saa, sbb] = [moment(a, ma, a, ma) + 1e-6, moment(b, mb, b, mb) + 1e-6];
      const sab = covariance === 'full' ? moment(a, ma, b, mb) : 0;
      const determinant = saa * sbb - sab * sab;
      const [first = 0, second = 0] = matrixRow(rows, 7);
      const [x, y] = [first - ma, second - mb];
      const square = (sbb * x * x - 2 * sab * x * y + saa * y * y) / determinant;
      expect(densities[7]).toBeCloseTo(-0.5 * (square + Math.log(determinant)) - Math.log(2 * Math.PI), 6);
    },
  );

  test.each(['diagonal', 'full'] as const)(
    '%s, finds three clusters and their shares',
    async (covariance) => {
      const places = [-20, 0, 0, 20];
      const rows = normals(400, 3, 'three', (row) => places[row % 4] ?? 0);
      const { means, weights } = await fitGaussianMixture(plainMultiplier, rows, createRng(2), {
        components: 3,
        covariance,
      });
      const found = Array.from(weights, (weight, k) => ({ weight, place: means.data[3 * k] ?? 0 })).sort(
        (a, b) => a.place - b.place,
      );
      found.forEach(({ weight, place }, i) => {
        expect(place).toBeCloseTo([-20, 0, 20][i] ?? 0, 0);
        expect(weight).toBeCloseTo(i === 1 ? 0.5 : 0.25, 2);
      });
    },
  );

  test('every iteration makes the rows likelier', async () => {
    const rows = normals(120, 3, 'climb', (row) => (row % 3) * 1.5);
    const likelihoods: number[] = [];
    for (const maxIterations of [1, 2, 4, 8])
      likelihoods.push(
        (
          await fitGaussianMixture(plainMultiplier, rows, createRng(3), {
            components: 3,
            covariance: 'full',
            maxIterations,
          })
        ).logLikelihood,
      );
    expect(likelihoods).toEqual(likelihoods.toSorted((a, b) => a - b));
    expect(likelihoods[3]).toBeGreaterThan(likelihoods[0] ?? 0);
  });
});

describe('as scikit-learn (1.9.1, three components, tolerance 1e-9)', () => {
  // The minimal standard generator (Park and Miller 1988), so that Python draws the same rows.
  let state = 1;
  const uniform = (): number => (state = (state * 16_807) % 2_147_483_647) / 2_147_483_647;
  const centers = [
    [0, 0],
    [6, 1],
    [-2, 5],
  ];
  const rows = matrix(
    Float32Array.from(
      Array.from({ length: 150 }, (_, i) => {
        const [x = 0, y = 0] = centers[i % 3] ?? [];
        const [a, b] = [uniform(), uniform()];
        return [x + 2 * a + b, y + 2 * b - a * 0.5];
      }).flat(),
    ),
    150,
    2,
  );
  const asked = matrix(Float32Array.of(1, 1, 3, 3), 2, 2);

  test.each([
    ['diagonal', -2.978743921578824, [-2.501562353866399, -10.505285756479013]],
    ['full', -2.9419285159352633, [-2.575158156964066, -8.971196423554321]],
  ] as const)('%s covariances', async (covariance, score, densities) => {
    const mixture = await fitGaussianMixture(plainMultiplier, rows, createRng(5), {
      components: 3,
      covariance,
    });
    expect(mixture.converged).toBe(true);
    expect(mixture.logLikelihood).toBeCloseTo(score, 4);
    const found = await logDensities(plainMultiplier, mixture, asked);
    densities.forEach((density, i) => expect(found[i]).toBeCloseTo(density, 2));
    const middle = Array.from({ length: 3 }, (_, k) => mixture.means.data[2 * k] ?? 0).toSorted(
      (a, b) => a - b,
    );
    [-0.4973, 1.6196, 7.4601].forEach((mean, i) => expect(middle[i]).toBeCloseTo(mean, 3));
  });
});

test('held-out private rows of the public rows’ own law are as likely as those', async () => {
  const found = await heldOutLikelihoods(
    plainMultiplier,
    normals(400, 4, 'private'),
    normals(400, 4, 'public'),
    createRng(4),
    { components: 3, covariance: 'diagonal', axes: 4 },
  );
  const mean = (values: Float64Array): number => values.reduce((sum, v) => sum + v, 0) / values.length;
  expect(found.private).toHaveLength(200);
  expect(Math.abs(mean(found.private) - mean(found.public))).toBeLessThan(0.3);
});

describe('InfoNCE', () => {
  const two = matrix(Float32Array.of(1, 0, 0, 1), 2, 2);

  test('of two images at right angles, each with itself: log(1 + 2 exp(-1/τ))', async () => {
    for (const temperature of [0.07, 0.5, 1])
      expect(await infoNce(plainMultiplier, two, two, temperature)).toBeCloseTo(
        Math.log(1 + 2 * Math.exp(-1 / temperature)),
        6,
      );
  });

  test('of vectors that are all the same: log(2 n - 1), and it does not see lengths', async () => {
    const same = matrix(Float32Array.of(1, 2, 1, 2, 1, 2), 3, 2);
    const longer = matrix(Float32Array.of(3, 6, 3, 6, 3, 6), 3, 2);
    expect(await infoNce(plainMultiplier, same, longer, 0.1)).toBeCloseTo(Math.log(5), 5);
  });
});
