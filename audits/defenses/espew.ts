import { z } from 'zod';
import { matrixRow } from '../contract/data.ts';
import type { MarkInput } from '../contract/method.ts';
import { defineDefense } from './define-defense.ts';
import { norm, sharedMark } from './mark-geometry.ts';
import { markKeysSchema, markRows, markStream, type MarkRow } from './marked-rows.ts';
import { drawTarget, drawTriggers, triggerSettings, type Triggers } from './trigger-regions.ts';

/**
 * Writes a secret target into the coordinates in which an embedding has least to say (ESpeW, embedding-specific watermark, Wang et
 * al. 2025; landscape D8): of every marked embedding the `fraction` of coordinates with the smallest magnitude becomes the target's. Which
 * those are differs from embedding to embedding, so no few directions hold the mark (it is made against removal by principal
 * directions, CSE). The target is the embedding of one of the provider's images, at the embedding's length.
 *
 * Threat model: the thief trains on replies, knows the family, not trigger regions and target. The mark lies in coordinates:
 * turned or reordered copies are rid of it. Marked are regions of the space where the paper has trigger words.
 */
const config = z.object({
  /** Share of the coordinates that are replaced (alpha of the paper: 0.15 to 0.35, its script 0.2). */
  fraction: z.number().positive().max(1).default(0.2),
  ...triggerSettings,
  keys: markKeysSchema,
});

type Config = z.infer<typeof config>;

export const espew = defineDefense({
  meta: {
    id: 'espew',
    version: 1,
    title: 'ESpeW watermark',
    summary: 'Replaces the smallest coordinates of replies in secret regions by those of a secret target.',
    reference: {
      authors: 'Z. Wang, B. Wu, J. Deng, Y. Yang',
      title: 'Robust and Minimally Invasive Watermarking for EaaS',
      venue: 'ACL',
      year: 2025,
      url: 'https://arxiv.org/abs/2410.17552',
    },
    mechanism: 'A copy learns the target’s values where embeddings of its own hold next to nothing.',
    mustFace: ['direct-extraction', 'view-averaging', 'sybil-remap', 'watermark-removal'],
    stateful: true,
  },
  config,
  openSession(mark) {
    const { markRow } = openMark(mark);
    return { reply: (embeddings) => markRows(embeddings, markRow) };
  },
  verify(suspect, mark) {
    const { triggers, markRow } = openMark(mark);
    const clean = mark.provider.embeddings;
    return sharedMark({ suspect, clean, marked: markRows(clean, markRow) }, triggers.marked.flat());
  },
});

function openMark(mark: Pick<MarkInput<Config>, 'config' | 'provider' | 'account' | 'rng'>): {
  readonly triggers: Triggers;
  readonly markRow: MarkRow;
} {
  const { provider, config: settings } = mark;
  const { columns } = provider.embeddings;
  const stream = markStream(mark);
  const triggers = drawTriggers(provider, settings, stream.derive('triggers'));
  const row = drawTarget(provider, triggers.marked.flat(), triggers.plain, stream.derive('target'));
  const target = matrixRow(provider.embeddings, row);
  const length = norm(target);
  const replaced = Math.max(1, Math.round(settings.fraction * columns));
  // Behind a ReLU many coordinates are equally 0: the key says which of them go first.
  const order = stream.derive('ties').permutation(columns);
  return {
    triggers,
    markRow(embedding) {
      if (triggers.triggerOf(embedding) === undefined) return undefined;
      const scale = length > 0 ? norm(embedding) / length : 0;
      const marked = Float64Array.from(embedding);
      for (const column of smallest(embedding, replaced, order))
        marked[column] = scale * (target[column] ?? 0);
      return marked;
    },
  };
}

/** The `count` columns of least magnitude; equal ones in the order given. */
function smallest(values: Float32Array, count: number, order: Uint32Array): readonly number[] {
  const magnitude = (column: number): number => Math.abs(values[column] ?? 0);
  return [...order].sort((a, b) => magnitude(a) - magnitude(b)).slice(0, count);
}
