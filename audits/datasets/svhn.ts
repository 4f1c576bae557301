import { readdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { MoatError } from '../contract/errors.ts';
import type { DatasetContents, Split, SplitName } from './dataset-parts.ts';
import { listMat5, type MatArray } from './mat5.ts';
import { columnsToPixels } from './pixels.ts';

/**
 * Street View House Numbers, format 2 (Netzer et al. 2011, ufldl.stanford.edu/housenumbers): `train_32x32.mat`,
 * `test_32x32.mat`, `extra_32x32.mat` with `X` `[32, 32, 3, images]` and `y` `[images, 1]`, digits 1 to 9 and 10 for the zero.
 */

const NAME = /^(train|test|extra)_32x32\.mat$/i;
const DIGITS = 10;

/** True when a folder holds the files by their names. */
export function looksLikeSvhn(files: readonly string[]): boolean {
  return files.some((name) => NAME.test(name));
}

/**
 * Lists a folder or one file. Labels are read, pixels not. `extra` is used where its file is named.
 * @throws MoatError `dataset-format`
 */
export function listSvhn(path: string): DatasetContents {
  const isFolder = statSync(path).isDirectory();
  const files = isFolder ? readdirSync(path).filter((name) => NAME.test(name)) : [basename(path)];
  const used = isFolder ? files.filter((name) => !/^extra/i.test(name)) : files;
  if (used.length === 0)
    throw new MoatError('dataset-empty', `${path} holds the extra images alone; name that file.`);
  return {
    format: 'svhn',
    classes: Array.from({ length: DIGITS }, (_, digit) => String(digit)),
    splits: Object.fromEntries(
      used.map((name) => [isFolder ? splitOf(name) : 'all', splitIn(isFolder ? join(path, name) : path)]),
    ),
    notes: used.length < files.length ? ['extra_32x32.mat is not used; name the file to query with it.'] : [],
  };
}

function splitOf(name: string): SplitName {
  return /^train/i.test(name) ? 'train' : 'test';
}

function splitIn(file: string): Split {
  const arrays = listMat5(file);
  const [images, labels] = [find(arrays, 'X', file), find(arrays, 'y', file)];
  const [height = 0, width = 0, channels = 0, count = 1] = images.sides;
  if (channels !== 3 || height * width === 0)
    throw new MoatError(
      'dataset-format',
      `${file}: X is ${images.sides.join(' x ')}, not a row of color images.`,
    );
  const digits = Array.from(labels.read());
  if (digits.length !== count)
    throw new MoatError('dataset-format', `${file} has ${count} images but ${digits.length} labels.`);
  const bytes = height * width * channels;
  return {
    items: digits.map((digit, i) => ({ id: `${basename(file)}#${i}`, label: labelOf(digit, file) })),
    open() {
      const values = images.read();
      if (!(values instanceof Uint8Array))
        throw new MoatError('dataset-format', `${file}: the values of X are not bytes.`);
      return Promise.resolve({
        load: (index) => ({
          kind: 'pixels',
          pixels: columnsToPixels(values.subarray(index * bytes, (index + 1) * bytes), height, width),
          height,
          width,
        }),
        close: () => undefined,
      });
    },
  };
}

function find(arrays: readonly MatArray[], name: string, file: string): MatArray {
  const found = arrays.find((array) => array.name === name);
  if (found === undefined)
    throw new MoatError(
      'dataset-format',
      `${file} has no array ${name}; Moat reads SVHN's cropped digits (format 2).`,
    );
  return found;
}

function labelOf(digit: number, file: string): number {
  if (!Number.isInteger(digit) || digit < 0 || digit > DIGITS)
    throw new MoatError('dataset-format', `${file} has the label ${digit}; SVHN's are 1 to 10.`);
  return digit % DIGITS;
}
