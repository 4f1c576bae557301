import { z } from 'zod';
import { matrix, matrixRow } from '../contract/data.ts';
import { mostValues, shapiroWilk } from '../statistics/shapiro-wilk.ts';
import { defineDefense } from './define-defense.ts';
import { oncePerProvider } from './per-provider.ts';
import { providerCells } from './provider-cells.ts';
import { createRowHistory } from './row-history.ts';

/**
 * Watches how far an account's queries lie from its earlier ones (PRADA, Juuti et al. 2019). Per cell a set grows: a query
 * joins it when its distance `d_min` to the set exceeds `max(T, mean - standard deviation)` of the distances of those that
 * joined before. All `d_min`, without outliers beyond three standard deviations, should be normally distributed; every ten
 * queries a Shapiro-Wilk test looks, and `W < delta` raises the alarm. An encoder predicts no classes: k-means cells of the
 * provider's embeddings stand for them, and distances are taken between embeddings.
 *
 * Threat model: synthetic queries made from a few seeds lie unnaturally close together. Natural images pass, slices over
 * accounts pass, and so do fewer queries than the test asks for.
 */
const config = z.object({
  /** Regions in place of classes: as many as the classic image tasks have classes. */
  cells: z.int().min(1).max(1000).default(10),
  /** Alarm below this W, in (0, 1). To be tuned per encoder: watch the alarm rate of honest accounts. */
  delta: z.number().gt(0).lt(1).default(0.9),
  /** `alarm`: keep answering; `refuse`: nothing from the alarming query on. */
  action: z.enum(['alarm', 'refuse']).default('alarm'),
});

/** Distances needed before the first test, and queries between two tests, as published. */
const VALUES_NEEDED = 100;
const QUERIES_BETWEEN_TESTS = 10;
/** Distances farther from the mean are outliers (the three-sigma rule). */
const OUTLIER_DEVIATIONS = 3;

const cellsOf = oncePerProvider(
  (provider, { cells, rng }: { readonly cells: number; readonly rng: Parameters<typeof providerCells>[2] }) =>
    providerCells(provider.embeddings, cells, rng.derive('cells')),
  ({ cells, rng }) => `${cells}/${rng.derive('name').uniform()}`,
);

export const prada = defineDefense({
  meta: {
    id: 'prada',
    version: 1,
    title: 'PRADA',
    summary: 'Raises an alarm when the distances between an account’s queries stop looking normal.',
    reference: {
      authors: 'M. Juuti, S. Szyller, S. Marchal, N. Asokan',
      title: 'PRADA: Protecting against DNN Model Stealing Attacks',
      venue: 'IEEE EuroS&P',
      year: 2019,
      url: 'https://arxiv.org/abs/1805.02628',
    },
    mechanism: 'Synthetic queries lie at distances from each other which natural images do not have.',
    mustFace: ['direct-extraction', 'jacobian-augmentation', 'sybil-remap', 'defense-aware-schedule'],
    stateful: true,
    detects: true,
  },
  config,
  openSession({ config: { cells, delta, action }, provider, rng }) {
    const regions = cellsOf(provider, { cells, rng });
    const growing = Array.from({ length: regions.cells }, () => ({
      members: createRowHistory(provider.embeddings.columns),
      joined: [] as number[],
      threshold: 0,
    }));
    const distances: number[] = [];
    let rows = 0;
    let smallest = 1;
    let alarmAtRow: number | null = null;

    const watch = (query: Float32Array): void => {
      const region = growing[regions.cellOf(query)];
      if (region === undefined) return;
      // The first query of a region has no distance to anything.
      if (region.members.rows === 0) {
        region.members.add(query);
        return;
      }
      const distance = region.members.smallestDistance(query);
      distances.push(distance);
      if (distance <= region.threshold) return;
      region.members.add(query);
      region.joined.push(distance);
      const { mean, deviation } = moments(region.joined);
      region.threshold = Math.max(region.threshold, mean - deviation);
    };

    return {
      reply(embeddings) {
        let answered = 0;
        for (; answered < embeddings.rows; answered++) {
          if (alarmAtRow === null || action === 'alarm') {
            watch(matrixRow(embeddings, answered));
            rows += 1;
            if (rows % QUERIES_BETWEEN_TESTS === 0 && distances.length > VALUES_NEEDED) {
              smallest = Math.min(smallest, normality(distances));
              if (smallest < delta) alarmAtRow ??= rows - 1;
            }
          }
          if (alarmAtRow !== null && action === 'refuse') break;
        }
        const { columns, data } = embeddings;
        return matrix(data.slice(0, answered * columns), answered, columns);
      },
      detection: () => ({ score: 1 - smallest, alarmAtRow }),
    };
  },
});

/** W of the latest distances (as many as the test is made for), without outliers; 1 where too few are left. */
function normality(distances: readonly number[]): number {
  const latest = distances.slice(-mostValues);
  const { mean, deviation } = moments(latest);
  const kept = latest.filter((value) => Math.abs(value - mean) <= OUTLIER_DEVIATIONS * deviation);
  return kept.length > VALUES_NEEDED ? shapiroWilk(kept) : 1;
}

function moments(values: readonly number[]): { readonly mean: number; readonly deviation: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, deviation: Math.sqrt(squares / values.length) };
}
