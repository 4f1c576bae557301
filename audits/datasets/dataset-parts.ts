/** What an opened data set is made of, whatever its format. Pixels are read only when asked for. */

export type DatasetFormat = 'image-folder' | 'cifar' | 'idx' | 'npz' | 'svhn' | 'stl10' | 'demo';
export type SplitName = 'train' | 'test' | 'all';

/** `id` names the image for people: a path below the data set, or file and position. `label` indexes `classes`. */
export interface Item {
  readonly id: string;
  readonly label: number | null;
}

/** One image as it is stored: bytes of an image file, or pixels `[height, width, 3]`. */
export type StoredImage =
  | { readonly kind: 'encoded'; readonly bytes: Uint8Array }
  | { readonly kind: 'pixels'; readonly pixels: Uint8Array; readonly height: number; readonly width: number };

/** Open access to the images of a split. */
export interface SplitReader {
  /** The image at this position; throws when its file cannot be read. */
  load(index: number): StoredImage;
  close(): void;
}

export interface Split {
  readonly items: readonly Item[];
  /** @throws MoatError `dataset-format` when the file behind the split is damaged. */
  open(): Promise<SplitReader>;
}

export interface Dataset {
  /** As given: absolute path, or `builtin:demo`. */
  readonly path: string;
  readonly name: string;
  readonly format: DatasetFormat;
  /** Empty for unlabelled data. */
  readonly classes: readonly string[];
  /** `train`, `test` or both; `all` alone when the data does not say which part is for training. */
  readonly splits: Readonly<Partial<Record<SplitName, Split>>>;
  /** Plain sentences: what was left out and why. */
  readonly notes: readonly string[];
  /** Only the beginning was listed, as asked for: there are more images. */
  readonly isCut?: boolean;
}

/** What a format's reader finds; `openDataset` adds path and name. */
export type DatasetContents = Omit<Dataset, 'path' | 'name'>;
