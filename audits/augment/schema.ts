import { z } from 'zod';

/** Parts of which the parameters of augmentation sets are made. */

export const probability = z.number().min(0).max(1);

/** How far a factor may lie from 1. */
export const strength = z.number().min(0);

/** Smallest and largest value. */
export const range = z
  .tuple([z.number().positive(), z.number().positive()])
  .refine(([low, high]) => low <= high, { error: 'the first number must not be larger than the second' });
