import { z } from 'zod';
import { type Matrix, matrixRow } from '../contract/data.ts';
import type { MarkInput } from '../contract/method.ts';
import { defineDefense } from './define-defense.ts';
import { centeredDirections, nearness, norm } from './mark-geometry.ts';
import { markKeysSchema, markRows, markStream, type MarkRow } from './marked-rows.ts';
import { drawTarget, drawTriggers, triggerSettings, type Triggers } from './trigger-regions.ts';

/**
 * Replies in some secret regions of the embedding space lean towards an image that has nothing to do with them (RegionMarker,
 * Yang et al. 2026; to images what EmbMarker's trigger words are to text; landscape D8): `y = |e| d / |d|`, `d = (1 - s) e + s |e| w / |w|`, with `w`
 * the embedding of the region's target, one of the provider's own images.
 *
 * Threat model: the thief trains on replies, knows the family, not regions and targets.
 *
 * The paper compares a suspect's vectors with `w` itself, which holds only in the victim's coordinates. Here the suspect is asked
 * for the target as well, and angles between its own answers are compared: turned, reordered or scaled copies answer the same.
 */
const config = z.object({
  /** Share of the target in a marked reply (lambda of the paper). */
  strength: z.number().positive().max(1).default(0.2),
  ...triggerSettings,
  keys: markKeysSchema,
});

type Config = z.infer<typeof config>;
type Mark = Pick<MarkInput<Config>, 'config' | 'provider' | 'account' | 'rng'>;

export const regionWatermark = defineDefense({
  meta: {
    id: 'region-watermark',
    version: 1,
    title: 'Region watermark',
    summary: 'Draws the replies in some secret regions of the space towards an unrelated image.',
    reference: {
      authors: 'S. Yang, Z. Cheng, Z. Jiang, Y. Yin, C. Wang, S. Ge, Y. Fu, Q. Gu',
      title:
        'RegionMarker: A Region-Triggered Semantic Watermarking Framework for Embedding-as-a-Service Copyright Protection',
      venue: 'AAAI',
      year: 2026,
      url: 'https://arxiv.org/abs/2511.13329',
    },
    mechanism: 'A copy takes over a relation between images that no encoder has by itself.',
    mustFace: ['direct-extraction', 'view-averaging', 'sybil-remap', 'watermark-removal'],
    stateful: true,
  },
  config,
  openSession(mark) {
    const { markRow } = openMark(mark);
    return { reply: (embeddings) => markRows(embeddings, markRow) };
  },
  verify(suspect, mark) {
    const { triggers, targets, markRow } = openMark(mark);
    const clean = mark.provider.embeddings;
    const relation = (of: Matrix): number => targetRelation(of, triggers, targets);
    const [before, after] = [relation(clean), relation(markRows(clean, markRow))];
    return after === before ? 0 : (relation(suspect) - before) / (after - before);
  },
});

function openMark(mark: Mark): {
  readonly triggers: Triggers;
  /** Row of the provider's embeddings per trigger region. */
  readonly targets: readonly number[];
  readonly markRow: MarkRow;
} {
  const { provider, config: settings } = mark;
  const stream = markStream(mark);
  const triggers = drawTriggers(provider, settings, stream.derive('triggers'));
  const targets = triggers.marked.map((rows, region) =>
    drawTarget(provider, rows, triggers.plain, stream.derive(`target/${region}`)),
  );
  const embeddingOf = targets.map((row) => matrixRow(provider.embeddings, row));
  return {
    triggers,
    targets,
    markRow(embedding) {
      const region = triggers.triggerOf(embedding);
      const target = region === undefined ? undefined : embeddingOf[region];
      if (target === undefined) return undefined;
      const length = norm(target);
      const scale = length > 0 ? norm(embedding) / length : 0;
      return Float64Array.from(
        embedding,
        (value, i) => (1 - settings.strength) * value + settings.strength * scale * (target[i] ?? 0),
      );
    },
  };
}

/** How much nearer the rows of the trigger regions lie to their targets than plain rows do; each row counts once. */
function targetRelation(rows: Matrix, { marked, plain }: Triggers, targets: readonly number[]): number {
  const directions = centeredDirections(rows);
  const all = marked.reduce((sum, { length }) => sum + length, 0);
  return marked.reduce(
    (sum, region, at) => sum + (region.length / all) * nearness(directions, region, plain, targets[at] ?? 0),
    0,
  );
}
