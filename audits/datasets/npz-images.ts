import { basename } from 'node:path';
import { MoatError } from '../contract/errors.ts';
import type { DatasetContents, Split, SplitName } from './dataset-parts.ts';
import { classesOf } from './labels.ts';
import type { NpyArray } from './npy.ts';
import { readNpz } from './npz.ts';
import { channelsToPixels, planesToPixels } from './pixels.ts';

/** Names under which arrays are found, in lower case. The second pair per split is MedMNIST's. */
const NAMES: readonly { split: SplitName; images: readonly string[]; labels: readonly string[] }[] = [
  { split: 'train', images: ['x_train', 'train_images'], labels: ['y_train', 'train_labels'] },
  { split: 'test', images: ['x_test', 'test_images'], labels: ['y_test', 'test_labels'] },
  { split: 'all', images: ['x', 'images'], labels: ['y', 'labels'] },
];
const CLASS_NAMES = ['classes', 'class_names'];

interface Part {
  readonly split: SplitName;
  readonly name: string;
  readonly images: NpyArray;
  readonly labels: readonly (string | number)[] | null;
}

/**
 * Lists the images of a .npz: uint8 `[n, h, w]`, `[n, h, w, 1 or 3]` or `[n, 1 or 3, h, w]`, with labels as integers or
 * strings `[n]` or `[n, 1]`. The arrays stay in memory while the data set is in use.
 * @throws MoatError `dataset-format` when names, shapes, types or counts do not fit, `dataset-empty` for zero images.
 */
export async function listNpz(path: string): Promise<DatasetContents> {
  const arrays = await readNpz(path);
  const byName = new Map([...arrays].map(([name, array]) => [name.toLowerCase(), array]));
  const pick = (names: readonly string[]): string | undefined => names.find((name) => byName.has(name));
  const parts = NAMES.flatMap(({ split, images, labels }): Part[] => {
    const name = pick(images);
    const array = byName.get(name ?? '');
    if (name === undefined || !array) return [];
    const labelsName = pick(labels);
    const labelArray = byName.get(labelsName ?? '');
    return [
      { split, name, images: array, labels: labelArray ? labelValues(labelArray, labelsName, path) : null },
    ];
  });
  if (parts.length === 0)
    throw new MoatError(
      'dataset-format',
      `${path} has no array named x, images or x_train; it has ${[...arrays.keys()].join(', ')}.`,
    );
  const labelled = parts.every((part) => part.labels !== null);
  const found = classesOf(labelled ? parts.map((part) => part.labels ?? []) : []);
  const given = byName.get(pick(CLASS_NAMES) ?? '');
  return {
    format: 'npz',
    classes: given?.dtype === 'string' ? renamed(found.classes, given.data) : found.classes,
    notes:
      labelled || parts.every((part) => part.labels === null)
        ? []
        : ['Labels are not used: one of the image arrays has none.'],
    splits: Object.fromEntries(
      parts.map((part) => [
        part.split,
        imagesSplit(part, labelled ? (part.labels ?? []).map(found.labelOf) : null, path),
      ]),
    ),
  };
}

function imagesSplit(part: Part, labels: readonly number[] | null, path: string): Split {
  const { shape, data } = part.images;
  const fail = (why: string): MoatError =>
    new MoatError('dataset-format', `"${part.name}" in ${basename(path)} ${why}.`);
  if (!(data instanceof Uint8Array) || part.images.dtype !== 'uint8')
    throw fail(`is of type ${part.images.dtype}; images must be uint8 with values 0 to 255`);
  const layout = layoutOf(shape);
  if (!layout) throw fail(`has the shape [${shape.join(', ')}], which is no batch of images`);
  const { count, height, width, channels, planes } = layout;
  if (count * height * width === 0)
    throw new MoatError('dataset-empty', `"${part.name}" in ${path} holds no images.`);
  if (labels !== null && labels.length !== count)
    throw fail(`has ${count} images but ${labels.length} labels`);
  const area = height * width;
  const arrange = planes ? planesToPixels : channelsToPixels;
  return {
    items: Array.from({ length: count }, (_, i) => ({ id: `${part.name}#${i}`, label: labels?.[i] ?? null })),
    open: () =>
      Promise.resolve({
        load: (index) => ({
          kind: 'pixels',
          pixels: arrange(
            data.subarray(index * area * channels, (index + 1) * area * channels),
            channels,
            area,
          ),
          height,
          width,
        }),
        close: () => undefined,
      }),
  };
}

interface Layout {
  readonly count: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  /** Channels before height and width. */
  readonly planes: boolean;
}

/** Channels last where both readings fit: that is how images are stored outside of training code. */
function layoutOf(shape: readonly number[]): Layout | null {
  const [count = 0, a = 0, b = 0, c = 0] = shape;
  if (shape.length === 3) return { count, height: a, width: b, channels: 1, planes: false };
  if (shape.length !== 4) return null;
  if (c === 1 || c === 3) return { count, height: a, width: b, channels: c, planes: false };
  if (a === 1 || a === 3) return { count, height: b, width: c, channels: a, planes: true };
  return null;
}

function labelValues(array: NpyArray, name: string | undefined, path: string): readonly (string | number)[] {
  const flat = array.shape.length === 1 || (array.shape.length === 2 && array.shape[1] === 1);
  const whole = array.dtype === 'string' || array.data.every((value: number) => Number.isInteger(value));
  if (!flat || !whole)
    throw new MoatError(
      'dataset-format',
      `"${name}" in ${path} is no list of labels: it has the shape [${array.shape.join(', ')}] and the type ${array.dtype}.`,
    );
  return Array.from<string | number>(array.data);
}

/** Class names apply where the labels are positions in their list. */
function renamed(classes: readonly string[], names: readonly string[]): readonly string[] {
  return classes.map((value) => names[Number(value)] ?? value);
}
