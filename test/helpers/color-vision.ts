/** Colours as others see them: for the tests of the palette. */

export type Rgb = readonly [red: number, green: number, blue: number];

/**
 * Machado, Oliveira and Fernandes, "A Physiologically-based Model for Simulation of Color Vision Deficiency", IEEE TVCG 15(6),
 * 2009, severity 1.0; on linear RGB.
 */
const deficiencies = {
  protan: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deutan: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  tritan: [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
} as const;

/** As printed or seen without any colour; `grey` keeps the luminance (ITU-R BT.709). */
export const views = ['normal', 'protan', 'deutan', 'tritan', 'grey'] as const;
export type View = (typeof views)[number];

/** @param hex `#rrggbb` @returns linear RGB, each from 0 to 1 */
export function linear(hex: string): Rgb {
  const channel = (at: number): number => {
    const value = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  return [channel(1), channel(3), channel(5)];
}

export function seenAs(color: Rgb, view: View): Rgb {
  if (view === 'normal') return color;
  if (view === 'grey') {
    const luminance = luminanceOf(color);
    return [luminance, luminance, luminance];
  }
  const [red, green, blue] = deficiencies[view];
  const row = (weights: readonly [number, number, number]): number =>
    Math.min(1, Math.max(0, weights[0] * color[0] + weights[1] * color[1] + weights[2] * color[2]));
  return [row(red), row(green), row(blue)];
}

/** Relative luminance (WCAG 2.2). */
export function luminanceOf([red, green, blue]: Rgb): number {
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** Contrast ratio (WCAG 2.2), from 1 to 21. */
export function contrast(a: Rgb, b: Rgb): number {
  const [light, dark] = [luminanceOf(a), luminanceOf(b)].toSorted((x, y) => y - x);
  return ((light ?? 0) + 0.05) / ((dark ?? 0) + 0.05);
}

/** Oklab (Ottosson 2020): lightness from 0 to 1, and two axes of colour. */
export function oklab([red, green, blue]: Rgb): readonly [lightness: number, a: number, b: number] {
  const l = Math.cbrt(0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue);
  const m = Math.cbrt(0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue);
  const s = Math.cbrt(0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}

/** Distance in Oklab; 0.02 is about what can be told apart side by side. */
export function distance(a: Rgb, b: Rgb): number {
  const [first, second] = [oklab(a), oklab(b)];
  return Math.hypot(first[0] - second[0], first[1] - second[1], first[2] - second[2]);
}
