import { sliceImages, type Images } from '../contract/data.ts';
import type { Encoder } from '../contract/encoder.ts';
import { MoatError } from '../contract/errors.ts';
import type { MarkInEncoder, MethodSpec } from '../contract/method.ts';
import { chainMarkKeys } from '../defenses/chain.ts';
import { createRng } from '../rng.ts';
import { readRotationKey, type RotationKey } from '../watermarks/rotation-key.ts';
import { turnedImages } from '../watermarks/rotation-task.ts';
import { carriesMark, successRate } from '../watermarks/success-rates.ts';

/** Images from which a mark in the encoder is read: each is turned twice, so the rate's standard error is below 0.016. */
export const MARK_IMAGES = 500;

/** A mark that lies in the encoder, ready to be read from copies. */
export interface OpenedEncoderMark extends MarkInEncoder {
  /** What a copy is asked for. */
  readonly images: Images;
}

/** By the digest of their key. */
export type EncoderMarks = ReadonlyMap<string, OpenedEncoderMark>;

/**
 * Opens the marks of chains, each once: the first images turned, and the victim's own answers to them.
 * @param images the provider's, at the victim's input size; asked for only where there is a mark
 */
export function createEncoderMarks(
  images: () => Images,
  victim: () => Promise<Pick<Encoder, 'embed'>>,
): (chain: readonly MethodSpec[]) => Promise<EncoderMarks> {
  const opened = new Map<string, OpenedEncoderMark>();
  let turned: Images | undefined;
  return async (chain) => {
    const marks = new Map<string, OpenedEncoderMark>();
    for (const { file, digest } of chainMarkKeys(chain)) {
      const key = readSameKey(file, digest);
      turned ??= turnForMark(images());
      const mark = opened.get(digest) ?? {
        key,
        images: turned,
        victim: await (await victim()).embed(turned),
      };
      opened.set(digest, mark);
      marks.set(digest, mark);
    }
    return marks;
  };
}

/**
 * Whether the audited encoder carries the marks that its defenses look for: said before anything else is done.
 * @param images of the provider
 * @throws MoatError `mark-not-carried`, `mark-key-changed`
 */
export async function requireMarks(
  victim: Pick<Encoder, 'embed' | 'dimension'>,
  chains: readonly (readonly MethodSpec[])[],
  images: Images,
): Promise<void> {
  const keys = new Map(chains.flatMap(chainMarkKeys).map(({ file, digest }) => [digest, file]));
  for (const [digest, file] of keys) {
    const key = readSameKey(file, digest);
    if (key.dimension !== victim.dimension)
      throw new MoatError(
        'mark-not-carried',
        `${file} reads embeddings of ${key.dimension} dimensions; the audited encoder answers with ${victim.dimension}.`,
      );
    const rate = successRate(key, await victim.embed(turnForMark(images)));
    if (!carriesMark(rate))
      throw new MoatError(
        'mark-not-carried',
        `The audited encoder does not carry the mark of ${file}: it is read at ${rate.toFixed(2)}, and 0.50 is chance.`,
        { details: { rate } },
      );
  }
}

/** The same angles everywhere. */
function turnForMark(images: Images): Images {
  return turnedImages(
    sliceImages(images, 0, Math.min(images.count, MARK_IMAGES)),
    createRng('rotation mark of an audit'),
  );
}

function readSameKey(file: string, digest: string): RotationKey {
  const found = readRotationKey(file);
  if (found.digest !== digest)
    throw new MoatError('mark-key-changed', `${file} is not the key with which this audit began.`);
  return found.key;
}
