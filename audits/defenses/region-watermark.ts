import { z } from 'zod';
import { type Matrix, matrixRow } from '../contract/data.ts';
import type { MarkInput } from '../contract/method.ts';
import { defineDefense } from './define-defense.ts';
import { likenesses, norm, sharedMark } from './mark-geometry.ts';
import { markKeysSchema, markRows, markStream, type MarkRow } from './marked-rows.ts';
import { drawTarget, drawTriggers, triggerSettings, type Triggers } from './trigger-regions.ts';

/**
 * Replies in some secret regions of the embedding space lean towards an image that has nothing to do with them (RegionMarker,
 * Yang et al. 2026; to images what EmbMarker's trigger words are to text; landscape D8): `y = |e| d / |d|`, `d = (1 - s) e + s |e| w / |w|`, with `w`
 * the embedding of the region's target, one of the provider's own images.
 *
 * Threat model: the thief trains on replies, knows the family, not regions and targets.
 *
 * The paper compares a suspect's vectors with `w` itself, which holds only in the victim's coordinates. Here angles between the
 * suspect's own answers are compared: its cosines of marked images with unmarked ones, which lean towards those of the target.
 * Turned, reordered or scaled copies give the same.
 */
const config = z.object({
  /**
   * Share of the target in a marked reply (lambda of the paper). At 0.2 encoders of others reach scores of copies, at 0.4 they lie
   * apart (docs/defenses.md).
   */
  strength: z.number().positive().max(1).default(0.4),
  ...triggerSettings,
  keys: markKeysSchema,
});

type Config = z.infer<typeof config>;
type Mark = Pick<MarkInput<Config>, 'config' | 'provider' | 'account' | 'rng'>;

/** Unmarked images that a suspect's answers are compared with: enough for its errors to average out. */
const ANCHORS = 128;

export const regionWatermark = defineDefense({
  meta: {
    id: 'region-watermark',
    version: 2,
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
    const { triggers, markRow } = openMark(mark);
    const clean = mark.provider.embeddings;
    const order = markStream(mark).derive('anchors').permutation(triggers.plain.length);
    const anchors = [...order.subarray(0, ANCHORS)].map((at) => triggers.plain[at] ?? 0);
    const seen = (of: Matrix): Matrix => likenesses(of, anchors);
    return sharedMark(
      { suspect: seen(suspect), clean: seen(clean), marked: seen(markRows(clean, markRow)) },
      triggers.marked.flat(),
    );
  },
});

function openMark(mark: Mark): {
  readonly triggers: Triggers;
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
