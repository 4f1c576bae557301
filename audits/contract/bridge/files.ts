import type { EncoderOptions } from '../encoder.ts';
import type { Method } from './method.ts';

/** Files of the engine's machine: an encoder, data, folders to find them in. */
export interface FileMethods {
  'encoder.inspect': Method<
    {
      readonly path: string;
      readonly options: EncoderOptions;
      readonly images?: string | undefined;
      /** `replies.npz` of production, to prove the preprocessing with. */
      readonly expect?: string | undefined;
    },
    EncoderSheet
  >;
  'data.look': Method<{ readonly path: string }, DataSheet>;
  /** Folders and files of the engine's machine: how a browser picks a path there. */
  'files.browse': Method<{ readonly folder?: string | undefined }, FolderListing>;
}

export interface EncoderSheet {
  readonly name: string;
  readonly digest: string;
  readonly sizeBytes: number;
  readonly inputs: readonly TensorShape[];
  readonly outputs: readonly TensorShape[];
  readonly dimension: number;
  /** Of the preprocessing: each value and its `PreprocessingSource`. */
  readonly preprocessing: readonly {
    readonly name: string;
    readonly value: string;
    readonly source: string;
  }[];
  /** The values in force, as the options that would set them. */
  readonly options: EncoderOptions;
  readonly checks: readonly {
    readonly id: string;
    readonly status: 'ok' | 'warning' | 'problem';
    readonly sentence: string;
  }[];
  readonly auditable: boolean;
  /** On one thread, as in an audit; null where it was too fast to time. */
  readonly imagesPerSecond: number | null;
  /** PNG data URLs of up to ten images as the encoder will see them. */
  readonly examples: readonly string[];
  /** Values that black and white pixels become, and those that are drawn black and white in the examples. */
  readonly exampleValues: {
    readonly values: { readonly least: number; readonly most: number };
    readonly drawn: { readonly least: number; readonly most: number };
  };
  readonly expectation: {
    readonly proven: boolean;
    readonly sentence: string;
    /** Options under which production is reproduced best; null where nothing is better, or options cannot say it. */
    readonly better: { readonly label: string; readonly options: EncoderOptions } | null;
  } | null;
  readonly notes: readonly string[];
}

export interface TensorShape {
  readonly name: string;
  readonly type: string;
  /** A number, or the name of a free dimension. */
  readonly shape: readonly (number | string)[];
}

export interface DataSheet {
  readonly path: string;
  readonly name: string;
  readonly kind: string;
  readonly splits: readonly {
    readonly name: string;
    readonly images: number;
    /** Names, the first ones of very many. */
    readonly classes: readonly string[];
  }[];
  /** 0 for unlabelled data. */
  readonly classCount: number;
  /** Only the beginning was looked at: there are more images than are counted here. */
  readonly isCut: boolean;
  /** PNG data URLs. */
  readonly thumbnails: readonly string[];
  readonly notes: readonly string[];
}

export interface FolderListing {
  readonly folder: string;
  readonly parent: string | null;
  readonly entries: readonly {
    readonly name: string;
    readonly path: string;
    readonly kind: 'folder' | 'file';
    readonly sizeBytes: number | null;
  }[];
  /** More entries than one answer holds. */
  readonly isCut: boolean;
}
