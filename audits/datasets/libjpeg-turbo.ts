import { createRequire } from 'node:module';

/** The part of @cornerstonejs/codec-libjpeg-turbo-8bit that is used here; the package comes without types. */
export interface JPEGDecoder {
  /** Memory for the file's bytes. */
  getEncodedBuffer(bytes: number): Uint8Array;
  /** @throws whatever the WebAssembly throws (a number) for a file that is not whole. */
  decode(): void;
  getFrameInfo(): { readonly width: number; readonly height: number; readonly componentCount: number };
  /** `[height, width, componentCount]`, valid until the next image. */
  getDecodedBuffer(): Uint8Array;
}

export interface JpegCodec {
  readonly JPEGDecoder: new () => JPEGDecoder;
}

/** A fresh instance with memory of its own. */
export default function createCodec(): Promise<JpegCodec> {
  const load = createRequire(import.meta.url)(
    '@cornerstonejs/codec-libjpeg-turbo-8bit/decodewasmjs',
  ) as () => Promise<JpegCodec>;
  return load();
}
