/** Rearranging pixels: everything becomes RGB, channels last. */

/** `[channels, area]` planes to `[area, 3]`; one channel is repeated, of more than three the first three count. */
export function planesToPixels(planes: Uint8Array, channels: number, area: number): Uint8Array {
  const pixels = new Uint8Array(area * 3);
  const second = channels < 3 ? 0 : area;
  for (let i = 0; i < area; i++) {
    pixels[i * 3] = planes[i] ?? 0;
    pixels[i * 3 + 1] = planes[i + second] ?? 0;
    pixels[i * 3 + 2] = planes[i + 2 * second] ?? 0;
  }
  return pixels;
}

/** `[area, channels]` to `[area, 3]`; one channel is repeated, of more than three the first three count. */
export function channelsToPixels(values: Uint8Array, channels: number, area: number): Uint8Array {
  if (channels === 3) return values;
  const pixels = new Uint8Array(area * 3);
  for (let i = 0; i < area; i++)
    for (let channel = 0; channel < 3; channel++)
      pixels[i * 3 + channel] = values[i * channels + (channels < 3 ? 0 : channel)] ?? 0;
  return pixels;
}

/** `[3, width, height]` planes of columns, as MATLAB stores images, to `[height, width, 3]`. */
export function columnsToPixels(planes: Uint8Array, height: number, width: number): Uint8Array {
  const area = height * width;
  const pixels = new Uint8Array(area * 3);
  for (let channel = 0; channel < 3; channel++)
    for (let x = 0; x < width; x++)
      for (let y = 0; y < height; y++)
        pixels[(y * width + x) * 3 + channel] = planes[channel * area + x * height + y] ?? 0;
  return pixels;
}
