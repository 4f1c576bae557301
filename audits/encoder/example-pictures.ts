import { imageBytes, type Images } from '../contract/data.ts';
import type { Preprocessing } from '../contract/encoder.ts';
import { pixelEnds } from './normalize.ts';

/** The encoder's input as pictures: what is cut away, stretched or driven out of the usual values can be seen. */

/** Values that networks are fed with, from narrow to wide; a picture is drawn on the first scale that holds them. */
const SCALES: readonly Scale[] = [
  { least: 0, most: 1 },
  { least: -1, most: 1 },
];
/** Mean 0 and deviation 1, as far as is usual: what lies beyond is drawn black or white. */
const STANDARDIZED: Scale = { least: -3, most: 3 };
const BYTES: Scale = { least: 0, most: 255 };
const ROUNDING = 1e-6;

export interface Scale {
  readonly least: number;
  readonly most: number;
}

export interface ExamplePictures {
  /** RGB `[count, height, width, 3]`. */
  readonly pixels: Uint8Array;
  /** Values that black and white pixels become, over all channels. */
  readonly values: Scale;
  /** Values that are drawn black and white. */
  readonly drawn: Scale;
}

/** @param images decoded to the preprocessing's size */
export function examplePictures(images: Images, preprocessing: Preprocessing): ExamplePictures {
  const ends = pixelEnds(preprocessing);
  const values = {
    least: Math.min(...ends.flatMap(({ zero, full }) => [zero, full])),
    most: Math.max(...ends.flatMap(({ zero, full }) => [zero, full])),
  };
  const drawn = scaleFor(values, preprocessing);
  const tables = ends.map(({ zero, full }) =>
    Uint8ClampedArray.from({ length: 256 }, (_, pixel) => {
      const value = zero + ((full - zero) * pixel) / 255;
      return (255 * (value - drawn.least)) / (drawn.most - drawn.least);
    }),
  );
  const pixels = new Uint8Array(images.count * imageBytes(images));
  for (let at = 0; at < pixels.length; at++) pixels[at] = tables[at % 3]?.[images.data[at] ?? 0] ?? 0;
  return { pixels, values, drawn };
}

function scaleFor(values: Scale, { range, mean, std }: Preprocessing): Scale {
  const isPlain = mean.every((value) => value === 0) && std.every((value) => value === 1);
  if (isPlain && range === '0-255') return BYTES;
  const holds = (scale: Scale): boolean =>
    values.least >= scale.least - ROUNDING && values.most <= scale.most + ROUNDING;
  return SCALES.find(holds) ?? STANDARDIZED;
}
