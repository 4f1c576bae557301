import type { ImageGeometry } from '../contract/encoder.ts';
import { readJpegHeader } from './jpeg-header.ts';
import createCodec, { type JpegCodec, type JPEGDecoder } from './libjpeg-turbo.ts';
import { channelsToPixels } from './pixels.ts';

/** At about 3 kB each: well below the 16 MB or more with which the decoder starts. */
const FAILURES_PER_CODEC = 500;

/**
 * Decodes JPEG files that already have the encoder's size, which is how small data sets are stored. For a picture of
 * 32 pixels the general library spends a dozen times the decoder's own work on setting up its pipeline; this one is
 * libjpeg-turbo alone, compiled to WebAssembly. An image's identity is its pixels, so they must be the same by either
 * way: they are, byte for byte, for every whole file (docs/scale.md says how this was measured).
 */
export class JpegDecoder {
  #codec: JpegCodec;
  #decoder: JPEGDecoder;
  #failures = 0;

  private constructor(codec: JpegCodec) {
    this.#codec = codec;
    this.#decoder = new codec.JPEGDecoder();
  }

  static async create(): Promise<JpegDecoder> {
    return new JpegDecoder(await createCodec());
  }

  /**
   * @param bytes a file of which `isJpegOfSize` is true
   * @returns pixels `[height, width, 3]`, or undefined for a damaged file: the general decoder says what it has
   */
  async decode(bytes: Uint8Array): Promise<Uint8Array | undefined> {
    try {
      this.#decoder.getEncodedBuffer(bytes.length).set(bytes);
      this.#decoder.decode();
    } catch {
      await this.#failed();
      return undefined;
    }
    const { width, height, componentCount } = this.#decoder.getFrameInfo();
    // A view on the decoder's memory, which the next image overwrites.
    const decoded = Uint8Array.from(this.#decoder.getDecodedBuffer());
    return channelsToPixels(decoded, componentCount, width * height);
  }

  /** A refused file leaves some kilobytes in the decoder's memory for good: from time to time it gets a new one. */
  async #failed(): Promise<void> {
    this.#failures += 1;
    if (this.#failures < FAILURES_PER_CODEC) return;
    this.#failures = 0;
    this.#codec = await createCodec();
    this.#decoder = new this.#codec.JPEGDecoder();
  }
}

/** A JPEG file for which no resize, rotation or conversion of print inks is due. */
export function isJpegOfSize(bytes: Uint8Array, { height, width, resize, resizeTo }: ImageGeometry): boolean {
  const header = readJpegHeader(bytes);
  return (
    header !== undefined &&
    header.height === height &&
    header.width === width &&
    (resize === 'stretch' || resizeTo === Math.min(height, width)) &&
    (header.components === 3 || header.components === 1) &&
    header.bitsPerSample === 8 &&
    !header.hasExif
  );
}
