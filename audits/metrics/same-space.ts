import { matrixRow, type Matrix } from '../contract/data.ts';
import type { ComparedView } from './metric.ts';

/**
 * Row by row distances mean something only between vectors of one space. A transform of the replies cannot be seen from
 * here, a different width or scale can: a copy trained by a contrastive loss may be ten times as long as the victim.
 */
const MOST_SCALE = 2;

/** Whether the raw vectors of copy and victim may be compared: equal width, mean lengths within a factor of two. */
export function isSameSpace({ score, reference }: ComparedView): boolean {
  if (score.embeddings.columns !== reference.scoreEmbeddings.columns) return false;
  const ratio = meanLength(score.embeddings) / meanLength(reference.scoreEmbeddings);
  return ratio >= 1 / MOST_SCALE && ratio <= MOST_SCALE;
}

function meanLength(source: Matrix): number {
  let sum = 0;
  for (let row = 0; row < source.rows; row++) sum += Math.hypot(...matrixRow(source, row));
  return sum / Math.max(1, source.rows);
}
