import type { EncoderDescription, ImageGeometry, PixelRange, Preprocessing } from '../contract/encoder.ts';
import { pixelEnds } from './normalize.ts';
import { knownNormalizations, normalizationOf, type KnownNormalization, type Triple } from './statistics.ts';

/** Other preprocessings than the current one that production may plausibly use. */

interface ValueCandidate {
  readonly label: string;
  readonly preprocessing: Preprocessing;
}

/** ImageNet means in the order blue, green, red and the range 0...255: the convention of Caffe and of Keras' ResNet. */
const CAFFE_MEAN: Triple = [103.939, 116.779, 123.68];

/**
 * Pixel ranges, means and standard deviations, color orders: each candidate gives another tensor than the
 * current preprocessing and than the candidates before it.
 */
export function valueCandidates(
  current: Preprocessing,
  description: EncoderDescription,
): readonly ValueCandidate[] {
  const seen = new Set([fingerprint(current)]);
  const port = description.inputs.find(({ name }) => name === description.input);
  const scalings = port?.elementType === 'uint8' ? [scaling('0-255', 'none')] : floatScalings;
  const candidates = [
    {
      label: 'current values, other color order',
      preprocessing: { ...current, channels: otherOrder(current) },
    },
    ...scalings.flatMap(({ label, ...values }) =>
      (['rgb', 'bgr'] as const).map((channels) => ({
        label: `${label}, ${channels.toUpperCase()}`,
        preprocessing: { ...current, ...values, channels },
      })),
    ),
  ];
  return candidates.filter(({ preprocessing }) => {
    const print = fingerprint(preprocessing);
    return seen.has(print) ? false : (seen.add(print), true);
  });
}

function otherOrder({ channels }: Preprocessing): Preprocessing['channels'] {
  return channels === 'rgb' ? 'bgr' : 'rgb';
}

interface Scaling {
  readonly label: string;
  readonly range: PixelRange;
  readonly mean: Triple;
  readonly std: Triple;
}

function scaling(range: PixelRange, name: KnownNormalization): Scaling {
  const label = name === 'none' ? `range ${range}` : `range ${range} with ${name} mean and std`;
  return { label, range, ...normalizationOf(name) };
}

const floatScalings: readonly Scaling[] = [
  scaling('-1-1', 'none'),
  scaling('0-255', 'none'),
  ...knownNormalizations.map((name) => scaling('0-1', name)),
  { label: 'range 0-255 less the Caffe mean', range: '0-255', mean: CAFFE_MEAN, std: [1, 1, 1] },
];

/** Equal for preprocessings that write the same tensor: `-1-1` is 0...1 with mean and std of one half. */
function fingerprint(preprocessing: Preprocessing): string {
  const ends = pixelEnds(preprocessing).map(
    ({ zero, full }) => `${zero.toPrecision(6)}:${full.toPrecision(6)}`,
  );
  return `${preprocessing.channels} ${ends.join(' ')}`;
}

/** Stretching and cropping with each usual filter, at the same input size. */
export function geometryCandidates(
  current: ImageGeometry,
): readonly { readonly label: string; readonly geometry: ImageGeometry }[] {
  const { height, width } = current;
  const side = Math.min(height, width);
  const resizings = [
    { label: 'stretched', resize: 'stretch', resizeTo: side },
    { label: 'cropped whole', resize: 'crop', resizeTo: side },
    { label: 'cropped to 87.5 %', resize: 'crop', resizeTo: Math.round(side / 0.875) },
  ] as const;
  const filters = ['bilinear', 'bicubic', 'lanczos', 'nearest'] as const;
  return resizings
    .flatMap(({ label, resize, resizeTo }) =>
      filters.map((interpolation) => ({
        label: `${label}, ${interpolation}`,
        geometry: { height, width, resize, resizeTo, interpolation },
      })),
    )
    .filter(
      ({ geometry }) =>
        geometry.resize !== current.resize ||
        geometry.resizeTo !== current.resizeTo ||
        geometry.interpolation !== current.interpolation,
    );
}
