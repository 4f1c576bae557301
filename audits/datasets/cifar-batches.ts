import { closeSync, openSync, readdirSync, readFileSync, readSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { MoatError } from '../contract/errors.ts';
import type { DatasetContents, Item, Split } from './dataset-parts.ts';
import { naturalOrder } from './natural-order.ts';
import { planesToPixels } from './pixels.ts';

/**
 * CIFAR-10 and CIFAR-100 in their binary version (Krizhevsky 2009, cs.toronto.edu/~kriz/cifar.html): records of one
 * label byte (CIFAR-100: coarse, then fine) and 3072 bytes, red, green and blue planes of 32 x 32.
 */

const SIDE = 32;
const IMAGE_BYTES = 3 * SIDE * SIDE;

interface Variant {
  readonly labelBytes: number;
  readonly classes: number;
  readonly namesFile: string;
}

const CIFAR_10: Variant = { labelBytes: 1, classes: 10, namesFile: 'batches.meta.txt' };
const CIFAR_100: Variant = { labelBytes: 2, classes: 100, namesFile: 'fine_label_names.txt' };

interface Record {
  readonly file: string;
  readonly offset: number;
}

/** True when a folder holds the binary batches, or the Python ones (which are then refused by name). */
export function looksLikeCifar(files: readonly string[]): boolean {
  return files.some((name) => name.endsWith('.bin') || isPickleBatch(name));
}

/**
 * Lists a folder of batches or one batch file. All labels are read; no pixels are.
 * @throws MoatError `dataset-format` for a truncated batch, an impossible label, or the Python (pickle) version.
 */
export function listCifar(path: string): DatasetContents {
  const isFolder = statSync(path).isDirectory();
  const folder = isFolder ? path : dirname(path);
  const files = isFolder
    ? naturalOrder(readdirSync(path).filter((name) => name.endsWith('.bin') && !name.startsWith('.')))
    : [basename(path)];
  if (files.length === 0)
    throw new MoatError(
      'dataset-format',
      `${path} holds CIFAR's Python version (pickle), which Moat never loads; use the binary version (*.bin).`,
    );
  const variant = variantOf(files, folder);
  const parts = {
    train: isFolder ? files.filter((name) => /^(data_batch|train)/i.test(name)) : [],
    test: isFolder ? files.filter((name) => /^test/i.test(name)) : [],
  };
  const official = [...parts.train, ...parts.test];
  const members = official.length > 0 ? parts : { all: files };
  const left = official.length > 0 ? files.filter((name) => !official.includes(name)) : [];
  return {
    format: 'cifar',
    classes: classNames(folder, variant),
    splits: Object.fromEntries(
      Object.entries(members).flatMap(([name, batches]) =>
        batches.length > 0 ? [[name, listBatches(folder, batches, variant)]] : [],
      ),
    ),
    notes: left.length > 0 ? [`Not used beside the official batches: ${left.join(', ')}.`] : [],
  };
}

function listBatches(folder: string, files: readonly string[], variant: Variant): Split {
  const recordBytes = variant.labelBytes + IMAGE_BYTES;
  const items: Item[] = [];
  const records: Record[] = [];
  for (const file of files) {
    const bytes = readFileSync(join(folder, file));
    if (bytes.length === 0 || bytes.length % recordBytes !== 0)
      throw new MoatError(
        'dataset-format',
        `${join(folder, file)} is not a whole CIFAR batch: ${bytes.length} bytes are no multiple of ${recordBytes}.`,
      );
    for (let offset = 0; offset < bytes.length; offset += recordBytes) {
      const label = bytes[offset + variant.labelBytes - 1] ?? 0;
      if (label >= variant.classes)
        throw new MoatError(
          'dataset-format',
          `${join(folder, file)} is no CIFAR batch: its record ${offset / recordBytes} has the label ${label}.`,
        );
      items.push({ id: `${file}#${offset / recordBytes}`, label });
      records.push({ file: join(folder, file), offset: offset + variant.labelBytes });
    }
  }
  return { items, open: () => Promise.resolve(reader(records)) };
}

function reader(records: readonly Record[]): Awaited<ReturnType<Split['open']>> {
  const handles = new Map<string, number>();
  return {
    load(index) {
      const record = records[index];
      if (!record) throw new RangeError(`no image ${index}`);
      const handle = handles.get(record.file) ?? openSync(record.file, 'r');
      handles.set(record.file, handle);
      const planes = new Uint8Array(IMAGE_BYTES);
      if (readSync(handle, planes, 0, IMAGE_BYTES, record.offset) < IMAGE_BYTES)
        throw new Error('the batch file ends before this image');
      return { kind: 'pixels', pixels: planesToPixels(planes, 3, SIDE * SIDE), height: SIDE, width: SIDE };
    },
    close() {
      for (const handle of handles.values()) closeSync(handle);
      handles.clear();
    },
  };
}

/** By the official names, else by the length of a record that fits. */
function variantOf(files: readonly string[], folder: string): Variant {
  if (files.some((name) => /^(data|test)_batch/i.test(name))) return CIFAR_10;
  if (files.some((name) => /^(train|test)\.bin$/i.test(name))) return CIFAR_100;
  const fits = (variant: Variant): boolean =>
    files.every((name) => statSync(join(folder, name)).size % (variant.labelBytes + IMAGE_BYTES) === 0);
  return !fits(CIFAR_10) && fits(CIFAR_100) ? CIFAR_100 : CIFAR_10;
}

function classNames(folder: string, variant: Variant): string[] {
  const digits = Array.from({ length: variant.classes }, (_, i) => String(i));
  let text;
  try {
    text = readFileSync(join(folder, variant.namesFile), 'utf8');
  } catch {
    // The names are a convenience; numbers do where the file did not come along.
    return digits;
  }
  const names = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  return names.length === variant.classes ? names : digits;
}

function isPickleBatch(name: string): boolean {
  return /^(data_batch_\d|test_batch)$/.test(name);
}
