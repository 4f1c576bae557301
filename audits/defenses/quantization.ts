import { z } from 'zod';
import { matrix } from '../contract/data.ts';
import { defineDefense } from './define-defense.ts';

/**
 * Answers every coordinate with `bits` bits (landscape D1).
 * - 2 bits and more: uniform levels over `range` standard deviations to both sides of the coordinate's mean, values beyond them
 *   at the last level;
 * - 1 bit: the side of the mean, answered as the mean plus or minus the mean absolute deviation of a normal of that spread,
 *   which is the two-level quantizer of least squared error.
 *
 * Threat model: a fixed, public distortion; mean and spread are the provider's.
 */
const config = z.object({
  /** 8 as vector databases store embeddings, 4 and 1 as their compressed forms. */
  bits: z.int().min(1).max(16).default(4),
  /** In standard deviations of each dimension; 4 leaves one normal value in 16 000 outside. */
  range: z.number().positive().max(100).default(4),
});

/** Mean absolute value of a standard normal. */
const NORMAL_MEAN_ABSOLUTE = Math.sqrt(2 / Math.PI);

export const quantization = defineDefense({
  meta: {
    id: 'quantization',
    version: 1,
    title: 'Quantization',
    summary: 'Answers every coordinate with a few bits.',
    reference: {
      authors: 'Y. Liu, J. Jia, H. Liu, N. Z. Gong',
      title: 'StolenEncoder: Stealing Pre-trained Encoders in Self-supervised Learning',
      venue: 'ACM CCS',
      year: 2022,
      url: 'https://arxiv.org/abs/2201.05889',
    },
    mechanism: 'Each reply carries a few bits per coordinate, so a thief learns less from it.',
    mustFace: ['direct-extraction', 'view-averaging', 'inverse-fit'],
    stateful: false,
  },
  config,
  openSession({ config: { bits, range }, provider: { mean, standardDeviation } }) {
    const last = 2 ** bits - 1;
    const level = (value: number): number => {
      if (bits === 1) return value < 0 ? -NORMAL_MEAN_ABSOLUTE : NORMAL_MEAN_ABSOLUTE;
      const place = Math.round(((value + range) / (2 * range)) * last);
      return (Math.min(last, Math.max(0, place)) / last) * 2 * range - range;
    };
    return {
      reply: ({ data, rows, columns }) =>
        matrix(
          data.map((value, at) => {
            const [center, spread] = [mean[at % columns] ?? 0, standardDeviation[at % columns] ?? 0];
            // A coordinate that never varies has nothing to quantize.
            return spread === 0 ? center : center + spread * level((value - center) / spread);
          }),
          rows,
          columns,
        ),
    };
  },
});
