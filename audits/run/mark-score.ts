import type { Measurement } from '../contract/cell.ts';
import type { Matrix } from '../contract/data.ts';
import type { FeatureEncoder } from '../contract/method.ts';
import type { ChainMark } from '../defenses/chain.ts';
import type { EncoderMarks } from './encoder-marks.ts';

/**
 * How much of the service's mark a copy carries: 0 none, 1 as much as the replies it was made from. The service looks for every
 * mark it left under every key it gave an account, and the one found best counts: `mark-score`, the largest.
 * @param suspect the copy's embeddings `[images, any width]` of the images on which the defense was calibrated
 * @param turned its answers to the turned images of marks that lie in the encoder, by the digest of their key
 * @returns nothing where the defense leaves no mark
 */
export function measureMark(
  suspect: Matrix,
  marks: readonly ChainMark[],
  turned: ReadonlyMap<string, Matrix> = new Map(),
): readonly Measurement[] {
  const read = marks.flatMap(({ verify, keyDigest }) => {
    const asked = keyDigest === undefined ? suspect : turned.get(keyDigest);
    return asked === undefined || asked.rows === 0 ? [] : [{ value: verify(asked), n: asked.rows }];
  });
  const best = read.reduce<(typeof read)[number] | undefined>(
    (most, one) => (most === undefined || one.value > most.value ? one : most),
    undefined,
  );
  return best === undefined
    ? []
    : [{ metric: 'mark-score', task: null, value: best.value, unit: 'ratio', n: best.n }];
}

/** A copy's answers to the turned images of each mark. */
export async function askForMarks(
  surrogate: FeatureEncoder,
  marks: EncoderMarks,
): Promise<ReadonlyMap<string, Matrix>> {
  const answers = new Map<string, Matrix>();
  for (const [digest, { images }] of marks) answers.set(digest, await surrogate.embed(images));
  return answers;
}
