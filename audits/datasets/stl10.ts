import { closeSync, existsSync, openSync, readdirSync, readFileSync, readSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { MoatError } from '../contract/errors.ts';
import type { DatasetContents, Split } from './dataset-parts.ts';
import { columnsToPixels } from './pixels.ts';

/**
 * STL-10 in its binary version (Coates et al. 2011, cs.stanford.edu/~acoates/stl10): `train_X.bin`, `test_X.bin`,
 * `unlabeled_X.bin` with images of 3 x 96 x 96 bytes, column after column; `train_y.bin`, `test_y.bin` with one byte each, from 1.
 */

const SIDE = 96;
const IMAGE_BYTES = 3 * SIDE * SIDE;
const CLASSES = 10;
const NAME = /^(train|test|unlabeled)_X\.bin$/i;

/** True when a folder holds the files by their names. */
export function looksLikeStl10(files: readonly string[]): boolean {
  return files.some((name) => NAME.test(name));
}

/**
 * Lists a folder or one file of images. Labels are read, pixels not. `unlabeled` is used where its file is named.
 * @throws MoatError `dataset-format`, `dataset-empty`
 */
export function listStl10(path: string): DatasetContents {
  if (!statSync(path).isDirectory()) {
    const split = splitIn(path);
    return { format: 'stl10', classes: classNames(dirname(path)), splits: { all: split }, notes: [] };
  }
  const files = readdirSync(path);
  const splits = Object.fromEntries(
    (['train', 'test'] as const).flatMap((name) => {
      const file = files.find((other) => other.toLowerCase() === `${name}_x.bin`);
      return file === undefined ? [] : [[name, splitIn(join(path, file))]];
    }),
  );
  if (Object.keys(splits).length === 0)
    throw new MoatError('dataset-empty', `${path} holds the unlabeled images alone; name that file.`);
  return {
    format: 'stl10',
    classes: classNames(path),
    splits,
    notes: files.some((name) => /^unlabeled_X\.bin$/i.test(name))
      ? ['unlabeled_X.bin is not used; name the file to query with it.']
      : [],
  };
}

function splitIn(file: string): Split {
  const { size } = statSync(file);
  if (size === 0 || size % IMAGE_BYTES !== 0)
    throw new MoatError(
      'dataset-format',
      `${file} is not a whole STL-10 file: ${size} bytes are no multiple of ${IMAGE_BYTES}.`,
    );
  const count = size / IMAGE_BYTES;
  const labels = labelsBeside(file);
  if (labels !== undefined && labels.length !== count)
    throw new MoatError('dataset-format', `${file} has ${count} images but ${labels.length} labels.`);
  return {
    items: Array.from({ length: count }, (_, i) => ({
      id: `${basename(file)}#${i}`,
      label: labels?.[i] ?? null,
    })),
    open() {
      const handle = openSync(file, 'r');
      return Promise.resolve({
        load(index) {
          const planes = new Uint8Array(IMAGE_BYTES);
          if (readSync(handle, planes, 0, IMAGE_BYTES, index * IMAGE_BYTES) < IMAGE_BYTES)
            throw new Error('the file ends before this image');
          return {
            kind: 'pixels',
            pixels: columnsToPixels(planes, SIDE, SIDE),
            height: SIDE,
            width: SIDE,
          };
        },
        close: () => closeSync(handle),
      });
    },
  };
}

function labelsBeside(file: string): readonly number[] | undefined {
  const beside = join(dirname(file), basename(file).replace(/_X\.bin$/i, '_y.bin'));
  if (beside === file || !existsSync(beside)) return undefined;
  return Array.from(readFileSync(beside), (label) => {
    if (label < 1 || label > CLASSES)
      throw new MoatError(
        'dataset-format',
        `${beside} has the label ${label}; STL-10's are 1 to ${CLASSES}.`,
      );
    return label - 1;
  });
}

function classNames(folder: string): readonly string[] {
  const file = join(folder, 'class_names.txt');
  const names = existsSync(file)
    ? readFileSync(file, 'utf8')
        .split('\n')
        .map((line) => line.trim())
        .filter((line) => line !== '')
    : [];
  return names.length === CLASSES ? names : Array.from({ length: CLASSES }, (_, i) => String(i));
}
