import sharp, { type Sharp } from './sharp.ts';
import type { ImageGeometry, Interpolation } from '../contract/encoder.ts';
import type { StoredImage } from './dataset-parts.ts';
import { enlarge } from './enlarge.ts';
import { isJpegOfSize, JpegDecoder } from './jpeg-decoder.ts';
import { channelsToPixels } from './pixels.ts';

// Small images: one thread each, many at a time, and no cache of what is read once.
sharp.concurrency(1);
sharp.cache(false);

/** Larger pictures are refused by name: several of them at once could fill the memory. */
const MAX_PIXELS = 100_000_000;

const KERNELS = {
  nearest: 'nearest',
  bilinear: 'linear',
  bicubic: 'cubic',
  lanczos: 'lanczos3',
} as const satisfies Record<Interpolation, string>;

/** One image as RGB pixels `[height, width, 3]` of the geometry's size; throws what `decodeFailure` can name. */
export type DecodeImage = (image: StoredImage, geometry: ImageGeometry) => Promise<Uint8Array>;

/** JPEG files that need no resize take the short way, everything else the general one. */
export function createImageDecoder(): DecodeImage {
  let jpeg: Promise<JpegDecoder> | undefined;
  return async (image, geometry) => {
    if (image.kind === 'encoded' && isJpegOfSize(image.bytes, geometry)) {
      const pixels = await (await (jpeg ??= JpegDecoder.create())).decode(image.bytes);
      if (pixels !== undefined) return pixels;
    }
    return decodeGenerally(image, geometry);
  };
}

/** The way for every format and size: sharp decodes and shrinks, `enlarge` does the rest. */
export async function decodeGenerally(image: StoredImage, geometry: ImageGeometry): Promise<Uint8Array> {
  const { height, width, resize, resizeTo, interpolation } = geometry;
  const shrunk = await shrink(image, geometry);
  if (resize === 'stretch') {
    if (shrunk.height === height && shrunk.width === width) return shrunk.pixels;
    return enlarge(shrunk.pixels, shrunk, geometry, { top: 0, left: 0, height, width }, interpolation);
  }
  const growth = resizeTo / Math.min(shrunk.height, shrunk.width);
  const full = { height: Math.round(shrunk.height * growth), width: Math.round(shrunk.width * growth) };
  const window = {
    top: Math.round((full.height - height) / 2),
    left: Math.round((full.width - width) / 2),
    height,
    width,
  };
  return enlarge(shrunk.pixels, shrunk, full, window, interpolation);
}

interface Pixels {
  readonly pixels: Uint8Array;
  readonly height: number;
  readonly width: number;
}

/** Decodes, and shrinks each side that is too long: to the size (`stretch`), or the shorter side to `resizeTo` (`crop`). */
async function shrink(image: StoredImage, geometry: ImageGeometry): Promise<Pixels> {
  const { height, width, resize, resizeTo } = geometry;
  if (image.kind === 'pixels') {
    const small =
      resize === 'stretch'
        ? image.height <= height && image.width <= width
        : Math.min(image.height, image.width) <= resizeTo;
    if (small) return image;
  }
  const common = {
    kernel: KERNELS[geometry.interpolation],
    withoutEnlargement: true,
    // Shrinking while decoding is fast, but not what encoders were trained with.
    fastShrinkOnLoad: false,
  };
  const { data, info } = await decoder(image)
    .resize(
      resize === 'stretch'
        ? { width, height, fit: 'fill', ...common }
        : { width: resizeTo, height: resizeTo, fit: 'outside', ...common },
    )
    .raw()
    .toBuffer({ resolveWithObject: true });
  const pixels = channelsToPixels(data, info.channels, info.width * info.height);
  return { pixels, height: info.height, width: info.width };
}

function decoder(image: StoredImage): Sharp {
  if (image.kind === 'pixels')
    return sharp(image.pixels, { raw: { width: image.width, height: image.height, channels: 3 } });
  return sharp(image.bytes, {
    failOn: 'error',
    autoOrient: true,
    ignoreIcc: true,
    limitInputPixels: MAX_PIXELS,
  })
    .flatten({ background: '#000' })
    .toColourspace('srgb');
}

/**
 * Why an image was not read, as part of a sentence. The decoder's own words are not repeated: libvips keeps them in one
 * place for all threads, and another image's may stand there.
 */
export function decodeFailure(error: unknown): string {
  if (
    error instanceof Error &&
    'code' in error &&
    typeof error.code === 'string' &&
    error.code.startsWith('E')
  )
    return `cannot be opened (${error.code})`;
  const message = error instanceof Error ? error.message : String(error);
  if (/is empty/i.test(message)) return 'is empty';
  if (/unsupported image format/i.test(message)) return 'is no picture in a format Moat reads';
  if (/pixel limit/i.test(message)) return `has more than ${MAX_PIXELS / 1e6} million pixels`;
  return 'is damaged or cut short';
}
