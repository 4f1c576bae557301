import sharp from './sharp.ts';
import { imageBytes, type Images } from '../contract/data.ts';

/** How an image is sent to a service. */
export interface ImageFileFormat {
  readonly format: 'png' | 'jpeg';
  /** 1...100, of JPEG. */
  readonly quality: number;
}

/** One image as a file: PNG keeps every pixel, JPEG is what the service's customers may send. */
export async function encodeImage(
  { data, height, width }: Images,
  index: number,
  { format, quality }: ImageFileFormat,
): Promise<Uint8Array> {
  const size = imageBytes({ height, width });
  const pixels = data.subarray(index * size, (index + 1) * size);
  const image = sharp(pixels, { raw: { width, height, channels: 3 } });
  return format === 'png' ? image.png().toBuffer() : image.jpeg({ quality }).toBuffer();
}
