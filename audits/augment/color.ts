/** Color changes on RGB values in [0, 1], in place: `[pixels, 3]`. Definitions of torchvision's tensor functions. */

/** Multiplies by `factor`; 1 changes nothing. */
export function adjustBrightness(pixels: Float32Array, factor: number): void {
  for (let at = 0; at < pixels.length; at++) pixels[at] = clamp((pixels[at] ?? 0) * factor);
}

/** Moves every value towards (below 1) or away from (above 1) the image's mean luminance. */
export function adjustContrast(pixels: Float32Array, factor: number): void {
  let sum = 0;
  for (let at = 0; at < pixels.length; at += 3) sum += luminance(pixels, at);
  const mean = sum / (pixels.length / 3);
  for (let at = 0; at < pixels.length; at++) pixels[at] = clamp(mean + factor * ((pixels[at] ?? 0) - mean));
}

/** Moves every pixel towards (below 1) or away from (above 1) its own luminance; 0 is grayscale. */
export function adjustSaturation(pixels: Float32Array, factor: number): void {
  for (let at = 0; at < pixels.length; at += 3) {
    const gray = luminance(pixels, at);
    for (let channel = at; channel < at + 3; channel++)
      pixels[channel] = clamp(gray + factor * ((pixels[channel] ?? 0) - gray));
  }
}

/** Turns the hue by a share of the full circle, -0.5 to 0.5; 0 changes nothing. */
export function adjustHue(pixels: Float32Array, turn: number): void {
  for (let at = 0; at < pixels.length; at += 3) {
    // No arrays here: a thousand pixels an image, and garbage costs more than the arithmetic.
    const red = pixels[at] ?? 0;
    const green = pixels[at + 1] ?? 0;
    const blue = pixels[at + 2] ?? 0;
    const value = Math.max(red, green, blue);
    const chroma = value - Math.min(red, green, blue);
    if (chroma === 0) continue;
    // Hue in sixths of the circle, red at 0.
    let sixth = 4 + (red - green) / chroma;
    if (value === red) sixth = (green - blue) / chroma;
    else if (value === green) sixth = 2 + (blue - red) / chroma;
    const turned = sixth + 6 * turn;
    // Each channel falls from `value` by its distance on the circle: offsets 5, 3, 1 for red, green, blue.
    pixels[at] = value - chroma * fall(turned + 5);
    pixels[at + 1] = value - chroma * fall(turned + 3);
    pixels[at + 2] = value - chroma * fall(turned + 1);
  }
}

/** How far a channel at this place of the hue circle (in sixths) lies below the value, in chromas. */
function fall(sixths: number): number {
  const position = ((sixths % 6) + 6) % 6;
  return clamp(Math.min(position, 4 - position));
}

/** ITU-R 601 weights. */
function luminance(pixels: Float32Array, at: number): number {
  return 0.2989 * (pixels[at] ?? 0) + 0.587 * (pixels[at + 1] ?? 0) + 0.114 * (pixels[at + 2] ?? 0);
}

function clamp(value: number): number {
  return Math.min(Math.max(value, 0), 1);
}
