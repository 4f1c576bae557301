import type { ModelPort } from './engine.ts';
import type { FeatureEncoder } from './method.ts';

export type ImageLayout = 'nchw' | 'nhwc';
/** What a pixel value 0...255 becomes before mean and standard deviation: 0...1, 0...255, or -1...1. */
export type PixelRange = '0-1' | '0-255' | '-1-1';
/** `stretch` to the input size; `crop`: shorter side to `resizeTo`, then the centre. */
export type ResizePolicy = 'stretch' | 'crop';
export type Interpolation = 'nearest' | 'bilinear' | 'bicubic' | 'lanczos';
export type Pooling = 'none' | 'cls' | 'mean';

/** How an image file becomes decoded pixels of the encoder's input size. */
export interface ImageGeometry {
  readonly height: number;
  readonly width: number;
  readonly resize: ResizePolicy;
  /** Side in pixels of the shorter edge before the centre crop; only with `crop`. */
  readonly resizeTo: number;
  readonly interpolation: Interpolation;
}

/** Everything between an image file and the encoder's input tensor. */
export interface Preprocessing extends ImageGeometry {
  readonly layout: ImageLayout;
  readonly range: PixelRange;
  readonly mean: readonly [number, number, number];
  readonly std: readonly [number, number, number];
  readonly channels: 'rgb' | 'bgr';
}

/** Where each preprocessing value came from: shown to the user. */
export type PreprocessingSource = 'flag' | 'preprocessor_config' | 'model' | 'guess';

/** `--size --mean --std --layout --range --output --pooling --projection`; whatever is absent is found or guessed. */
export interface EncoderOptions {
  readonly size?: number | undefined;
  readonly mean?: readonly [number, number, number] | undefined;
  readonly std?: readonly [number, number, number] | undefined;
  readonly layout?: ImageLayout | undefined;
  readonly range?: PixelRange | undefined;
  readonly output?: string | undefined;
  readonly pooling?: Pooling | undefined;
  /** A second output, of the projection head: for attacks on services that return it and defenses that look at it. */
  readonly projection?: string | undefined;
}

/** What was found out about an encoder file without running it. */
export interface EncoderDescription {
  readonly path: string;
  /** SHA-256 (hex) over the file and its external-data files. */
  readonly digest: string;
  readonly sizeBytes: number;
  readonly opset: number;
  readonly producer: string;
  readonly inputs: readonly ModelPort[];
  readonly outputs: readonly ModelPort[];
  readonly input: string;
  readonly output: string;
  readonly pooling: Pooling;
  /** Rows per run when the file fixes it, else null. */
  readonly fixedBatch: number | null;
  readonly preprocessing: Preprocessing;
  readonly preprocessingSources: Readonly<Record<keyof Preprocessing, PreprocessingSource>>;
  /** Plain sentences: choices made and why. */
  readonly notes: readonly string[];
}

/** A loaded victim or backbone. Normalises decoded pixels, runs, pools. */
export interface Encoder extends FeatureEncoder {
  readonly description: EncoderDescription;
  dispose(): Promise<void>;
}

export type PreflightStatus = 'ok' | 'warning' | 'problem';

export interface PreflightCheck {
  readonly id:
    | 'shape'
    | 'dimension'
    | 'finite'
    | 'norms'
    | 'constant-dimensions'
    | 'padded-dimensions'
    | 'determinism'
    | 'batch-consistency'
    | 'throughput'
    | 'constant';
  readonly status: PreflightStatus;
  /** One sentence for people. */
  readonly sentence: string;
  readonly figures: Readonly<Record<string, number>>;
}

/** What running the encoder on a few images showed. */
export interface PreflightReport {
  readonly dimension: number;
  readonly images: number;
  readonly checks: readonly PreflightCheck[];
}

/** One preprocessing candidate compared with production's replies. */
export interface ExpectationMatch {
  readonly label: string;
  readonly preprocessing: Preprocessing;
  readonly meanCosine: number;
  readonly minCosine: number;
  readonly meanRelativeError: number;
}

export interface ExpectationReport {
  readonly images: number;
  /** The current preprocessing reproduces production within tolerance. */
  readonly proven: boolean;
  /** Best first; the current one is among them. */
  readonly candidates: readonly ExpectationMatch[];
  readonly sentence: string;
}
