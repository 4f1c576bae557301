import { z } from 'zod';
import { matrixRow } from '../contract/data.ts';
import type { ProviderStatistics } from '../contract/method.ts';
import type { Rng } from '../rng.ts';
import { centeredDirections, nearness, type Rows } from './mark-geometry.ts';
import { providerAxes } from './provider-axes.ts';

/**
 * Which embeddings are marked: those in some of the regions that secret hyperplanes cut out of the strongest principal axes of the
 * provider's embeddings (RegionMarker). What trigger words are to text, regions are to images: a thief cannot filter what they
 * cannot tell apart.
 */
export const triggerSettings = {
  /** Principal axes in which regions lie. */
  axes: z.int().min(1).max(64).default(4),
  /** Hyperplanes; there are 2^planes regions. */
  planes: z.int().min(1).max(12).default(4),
  /** Share of the provider's embeddings that is marked, at most (one region at least). */
  share: z.number().positive().max(0.9).default(0.2),
};

export interface Triggers {
  /** Number of the trigger region an embedding lies in; undefined in a plain one. */
  triggerOf(embedding: Float32Array): number | undefined;
  /** The provider's rows in each trigger region. */
  readonly marked: readonly (readonly number[])[];
  /** The provider's other rows. */
  readonly plain: readonly number[];
}

/** Images drawn as targets, of which the one least related to what is marked is taken. */
const CANDIDATES = 16;

export function drawTriggers(
  provider: ProviderStatistics,
  { axes, planes, share }: { readonly axes: number; readonly planes: number; readonly share: number },
  rng: Rng,
): Triggers {
  const { embeddings } = provider;
  const sides = Array.from({ length: planes }, (_, plane) =>
    hyperplane(provider, axes, rng.derive(`plane/${plane}`)),
  );
  const regionOf = (embedding: Float32Array): number =>
    sides.reduce(
      (region, { normal, threshold }) => 2 * region + (inner(normal, embedding) >= threshold ? 1 : 0),
      0,
    );
  const rowsOf = Array.from({ length: 2 ** planes }, (): number[] => []);
  for (let row = 0; row < embeddings.rows; row++) rowsOf[regionOf(matrixRow(embeddings, row))]?.push(row);
  const order = [...rng.derive('regions').permutation(rowsOf.length)];
  const chosen = fitting(order, rowsOf, share * embeddings.rows);
  const numbers = new Map(chosen.map((region, number) => [region, number]));
  return {
    triggerOf: (embedding) => numbers.get(regionOf(embedding)),
    marked: chosen.map((region) => rowsOf[region] ?? []),
    plain: rowsOf.flatMap((rows, region) => (numbers.has(region) ? [] : rows)).sort((a, b) => a - b),
  };
}

/**
 * The provider's row towards which rows are drawn by a mark: an image to which those rows have as little relation as other rows
 * do, so that a relation found in a suspect comes from the mark. A plain row, answered without a mark itself.
 */
export function drawTarget(
  { embeddings }: ProviderStatistics,
  rows: readonly number[],
  plain: readonly number[],
  rng: Rng,
): number {
  const candidates = [...rng.permutation(plain.length)].slice(0, CANDIDATES).map((at) => plain[at] ?? 0);
  const directions: Rows = centeredDirections(embeddings);
  const relations = candidates.map((target) => Math.abs(nearness(directions, rows, plain, target)));
  return candidates[relations.indexOf(Math.min(...relations))] ?? rows[0] ?? 0;
}

/**
 * A hyperplane through the mean. Axes count in their own standard deviations: otherwise every plane would follow the strongest
 * one, and nearly all rows would share two regions.
 */
function hyperplane(
  provider: ProviderStatistics,
  count: number,
  rng: Rng,
): { readonly normal: Float64Array; readonly threshold: number } {
  const { axes, variances } = providerAxes(provider);
  const normal = new Float64Array(axes.columns);
  for (let axis = 0; axis < Math.min(count, axes.rows); axis++) {
    const draw = rng.normal();
    const variance = variances[axis] ?? 0;
    if (variance <= 0) continue;
    const factor = draw / Math.sqrt(variance);
    for (let i = 0; i < axes.columns; i++)
      normal[i] = (normal[i] ?? 0) + factor * (axes.data[axis * axes.columns + i] ?? 0);
  }
  return { normal, threshold: inner(normal, provider.mean) };
}

/** Regions in the key's order as long as their rows fit below the limit; the smallest one where none does. */
function fitting(
  order: readonly number[],
  rowsOf: readonly (readonly number[])[],
  limit: number,
): readonly number[] {
  const inhabited = order.filter((region) => (rowsOf[region]?.length ?? 0) > 0);
  const sizeOf = (region: number): number => rowsOf[region]?.length ?? 0;
  let covered = 0;
  const chosen = inhabited.filter((region) => {
    const fits = covered + sizeOf(region) <= limit;
    if (fits) covered += sizeOf(region);
    return fits;
  });
  if (chosen.length > 0) return chosen;
  return [...inhabited].sort((a, b) => sizeOf(a) - sizeOf(b)).slice(0, 1);
}

function inner(normal: Float64Array, values: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += (normal[i] ?? 0) * (values[i] ?? 0);
  return sum;
}
