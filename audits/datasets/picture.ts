import sharp from './sharp.ts';

/** RGB pixels `[height, width, 3]` as the data URL of a PNG; larger ones are shrunk to `mostSide` on the longer side. */
export async function pictureUrl(
  pixels: Uint8Array,
  { height, width }: { readonly height: number; readonly width: number },
  mostSide: number,
): Promise<string> {
  const image = sharp(pixels, { raw: { width, height, channels: 3 } });
  const shown =
    Math.max(height, width) > mostSide
      ? image.resize({ width: mostSide, height: mostSide, fit: 'inside' })
      : image;
  return `data:image/png;base64,${(await shown.png().toBuffer()).toString('base64')}`;
}
