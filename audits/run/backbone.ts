import type { Engine } from '../contract/engine.ts';
import type { Images } from '../contract/data.ts';
import type { FeatureEncoder } from '../contract/method.ts';
import { openEncoder } from '../encoder/encoder.ts';
import { encoderIdentity } from '../plan/key.ts';
import { resizePixels } from '../surrogates/resize.ts';

/** A public encoder the attacker holds. */
export interface Backbone extends FeatureEncoder {
  /** SHA-256 (hex) of file, output and preprocessing: whatever changes its features changes this. */
  readonly identity: string;
  dispose(): Promise<void>;
}

/**
 * Opens a public encoder for images of the victim's size: the attacker resizes them to what the backbone takes.
 * @throws MoatError `encoder-*`
 */
export async function openBackbone(engine: Engine, file: string): Promise<Backbone> {
  const encoder = await openEncoder(engine, file, {});
  const { preprocessing } = encoder.description;
  const { height, width } = preprocessing;
  const side = Math.max(height, width);
  const toInput = (images: Images): Images =>
    images.height === height && images.width === width
      ? images
      : { ...images, data: resizePixels(images, side), height: side, width: side };
  return {
    dimension: encoder.dimension,
    identity: encoderIdentity(encoder.description),
    embed: (images) => encoder.embed(toInput(images)),
    dispose: () => encoder.dispose(),
  };
}
