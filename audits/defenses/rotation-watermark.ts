import { z } from 'zod';
import { type Matrix, matrix } from '../contract/data.ts';
import { MoatError } from '../contract/errors.ts';
import { ROTATION_CHANCE } from '../watermarks/rotation-task.ts';
import { successRate } from '../watermarks/success-rates.ts';
import { defineDefense } from './define-defense.ts';

/**
 * The root paper's mark (Dziedzic et al. 2022, section 5.1; paper-spec 4.1): the encoder was trained to tell by how much an image was
 * turned, which a copy inherits and an honest encoder does not know. It lies in the encoder, so replies are the encoder's
 * own; the audited file must be the one that `moat train --watermark rotation` wrote, which is checked before anything is embedded.
 *
 * Threat model: the thief does not know the task. Who does may train it away, or turn images in the queries. The reader looks at
 * coordinates: turned or reordered copies are rid of it. The mark costs the encoder accuracy (docs/training.md); what an audit
 * measures is what a copy of it is worth and carries.
 */
const config = z.object({
  /** The key file that was written beside the encoder. */
  key: z.string().default(''),
  /** SHA-256 (hex) of that file, filled in when an audit is configured: its content is part of every cell's key. */
  digest: z.string().default(''),
});

export const rotationWatermark = defineDefense({
  meta: {
    id: 'rotation-watermark',
    version: 1,
    title: 'Rotation watermark',
    summary: 'The encoder was trained to tell how images are turned, which a copy inherits.',
    reference: {
      authors: 'A. Dziedzic, N. Dhawan, M. A. Kaleem, J. Guan, N. Papernot',
      title: 'On the Difficulty of Defending Self-Supervised Learning against Model Extraction',
      venue: 'ICML',
      year: 2022,
      url: 'https://arxiv.org/abs/2205.07890',
    },
    mechanism:
      'A copy answers turned images as the marked encoder does, which only the owner of the key can read.',
    mustFace: ['direct-extraction', 'watermark-removal'],
    stateful: false,
  },
  config,
  markKey: ({ key, digest }) => ({ file: key, digest }),
  openSession: () => ({ reply: ({ data, rows, columns }) => matrix(data.slice(), rows, columns) }),
  verify(suspect, { inEncoder }) {
    if (inEncoder === undefined) throw new RangeError('a rotation mark is read by a key');
    const { key, victim } = inEncoder;
    const own = successRate(key, victim) - ROTATION_CHANCE;
    if (own <= 0)
      throw new MoatError('mark-not-carried', 'The audited encoder does not carry the mark of this key.');
    return (successRate(key, asWide(suspect, victim)) - ROTATION_CHANCE) / own;
  },
});

/** On the victim's coordinates: the leading ones of a wider copy; where a copy has none, the victim's mean. */
function asWide(suspect: Matrix, victim: Matrix): Matrix {
  const { rows, columns } = victim;
  if (suspect.columns === columns) return suspect;
  const mean = new Float64Array(columns);
  victim.data.forEach((value, at) => (mean[at % columns] = (mean[at % columns] ?? 0) + value / rows));
  const data = new Float32Array(rows * columns);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++)
      data[row * columns + column] =
        column < suspect.columns ? (suspect.data[row * suspect.columns + column] ?? 0) : (mean[column] ?? 0);
  return matrix(data, rows, columns);
}
