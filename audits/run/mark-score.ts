import type { Measurement } from '../contract/cell.ts';
import type { Matrix } from '../contract/data.ts';
import type { ChainMark } from '../defenses/chain.ts';

/**
 * How much of the service's mark a copy carries: 0 none, 1 as much as the replies it was made from. The service looks for every
 * mark it left under every key it gave an account, and the one found best counts: `mark-score`, the largest.
 * @param suspect the copy's embeddings `[images, any width]` of the images on which the defense was calibrated
 * @returns nothing where the defense leaves no mark
 */
export function measureMark(suspect: Matrix, marks: readonly ChainMark[]): readonly Measurement[] {
  if (marks.length === 0 || suspect.rows === 0) return [];
  const value = Math.max(...marks.map(({ verify }) => verify(suspect)));
  return [{ metric: 'mark-score', task: null, value, unit: 'ratio', n: suspect.rows }];
}
