import { z } from 'zod';

/** Below 1: share of the dimensions kept, at least one; from 1 on: their number. A share means the same for every encoder. */
export const keptDimensionsSchema = z
  .number()
  .positive()
  .max(65_536)
  .refine((dims) => dims < 1 || Number.isInteger(dims), {
    error: 'must be a share below 1 or a whole number',
  });

/** The number of dimensions that a setting keeps of `dimension`. */
export function keptDimensions(dims: number, dimension: number): number {
  return Math.min(dimension, dims < 1 ? Math.max(1, Math.round(dims * dimension)) : dims);
}
