import { z } from 'zod';
import { matrix } from '../contract/data.ts';
import { MoatError } from '../contract/errors.ts';
import { defineDefense } from './define-defense.ts';

/**
 * A defense that runs elsewhere: a recorded table of its replies, scored as it stands.
 *
 * Threat model: none can be assumed. Nobody can ask a recording anything new, so no adaptive attack runs on it, and a
 * recorded defense can fail but never pass.
 */
const config = z.object({
  /** A `.npz` with `input`, `reply` and optionally `account` (docs/defenses.md). */
  file: z.string().default(''),
  /** SHA-256 (hex) of the file, filled in when an audit is configured: the table's content is part of every cell's key. */
  digest: z.string().default(''),
  /** Length of a recorded reply, filled in when an audit is configured; 0: the victim's. */
  dimension: z.int().min(0).max(1_000_000).default(0),
});

export const external = defineDefense({
  meta: {
    id: 'external',
    version: 1,
    title: 'Recorded replies',
    summary: 'Replies of a defense that runs elsewhere, from a recorded table.',
    reference: {
      authors: 'N. Carlini, A. Athalye, N. Papernot, W. Brendel, J. Rauber, et al.',
      title: 'On Evaluating Adversarial Robustness',
      venue: 'arXiv',
      year: 2019,
      url: 'https://arxiv.org/abs/1902.06705',
    },
    mechanism: 'Whatever the recorded service did; an audit sees its replies only.',
    mustFace: ['direct-extraction'],
    stateful: true,
  },
  config,
  outputDimension: ({ dimension }, inputDimension) => (dimension === 0 ? inputDimension : dimension),
  recording: ({ file, digest }) => ({ file, digest }),
  openSession({ config: { file, dimension }, provider, account, recorded }) {
    if (recorded === undefined)
      throw new MoatError(
        'configuration-invalid',
        'external needs a recorded table: external:file=REPLIES.npz.',
      );
    const columns = dimension === 0 ? provider.embeddings.columns : dimension;
    const asked = new Map<string, number>();
    return {
      reply({ rows }, inputs) {
        const data = new Float32Array(rows * columns);
        for (const [row, input] of inputs.entries()) {
          const time = asked.get(input) ?? 0;
          const found = recorded.find(input, account, time);
          if (found === undefined)
            throw new MoatError(
              'recording-incomplete',
              `${file} holds no reply to image ${input} on account ${account}.`,
            );
          asked.set(input, time + 1);
          data.set(found, row * columns);
        }
        return matrix(data, rows, columns);
      },
    };
  },
});
