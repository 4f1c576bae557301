import type { z } from 'zod';
import type { Unit } from './cell.ts';
import type { Matrix } from './data.ts';
import type { Engine } from './engine.ts';
import type { MethodMeta } from './method.ts';
import type { FalseClaims } from '../ownership/false-claim-rate.ts';
import type { NullComparison, ClaimRule } from '../ownership/null-distribution.ts';
import type { JointClaim } from '../ownership/joint-claim.ts';
import type { Rng } from '../rng.ts';
import type { TTest } from '../statistics/students-t.ts';

/**
 * Ownership tests: is a suspect encoder a copy of the victim? A test is a pure function of embeddings that gives one number per
 * encoder. What makes it evidence is the same number of encoders that are known to be independent of the victim.
 */

/** Embeddings of slightly disturbed copies of some images: copies of the first one, then of the second one, and so on. */
export interface DisturbedEmbeddings {
  readonly images: number;
  readonly perImage: number;
  /** `[images * perImage, dimension]` */
  readonly embeddings: Matrix;
}

/** `noisy`: under normal noise. `nearby`: each pixel moved by at most a small radius. */
export type DisturbanceId = 'noisy' | 'nearby';

/** One encoder on one set of images. Copies are there where a test looks at them. */
export interface SideObservations {
  /** `[images, dimension]` */
  readonly embeddings: Matrix;
  /** Copies of its first images under normal noise. */
  readonly noisy?: DisturbedEmbeddings | undefined;
  /** Copies of its first images, each moved by at most a small radius in every pixel. */
  readonly nearby?: DisturbedEmbeddings | undefined;
}

/** All that ownership tests see of one encoder. The images are the same for every encoder, in the same order. */
export interface EncoderObservations {
  /** For messages and reports: a file name. */
  readonly name: string;
  /** Embeddings of the images on which encoders are compared: the private ones where there are some `[images, dimension]`. */
  readonly compared: Matrix;
  /** Images the victim was trained on and nobody else should have been. */
  readonly private?: SideObservations | undefined;
  /** Images of the same distribution that no one was trained on. */
  readonly public?: SideObservations | undefined;
  /** Share of a victim's mark that is read back from this encoder, per disjoint batch, each in [0, 1]. */
  readonly markRates?: Float64Array | undefined;
  /** Why no mark could be read from this encoder, one sentence. */
  readonly markGap?: string | undefined;
  /** Images of each side that this encoder was trained on; absent where that is not known. */
  readonly trainedOn?: ImagesTrainedOn | undefined;
}

export interface ImagesTrainedOn {
  readonly private: number;
  readonly public: number;
}

/** Ways of changing every embedding that keep all it is good for, with which a thief evades a test. */
export const obfuscationIds = ['rotated', 'permuted', 'padded', 'scaled', 'shifted'] as const;
export type ObfuscationId = (typeof obfuscationIds)[number];

/** How alike two encoders are by the measures the audit also judges surrogates with. */
export const fidelityIds = ['cka', 'procrustes-r2', 'neighbor-overlap-10', 'mi-score'] as const;
export type FidelityId = (typeof fidelityIds)[number];

export interface OwnershipTestMeta<Id extends string = string> extends MethodMeta<Id> {
  /** What must be true for a claim to mean anything, one sentence. */
  readonly assumes: string;
  /** What a claim by it shows, and what it does not, one sentence. */
  readonly proves: string;
}

export interface OwnershipContext {
  readonly engine: Pick<Engine, 'matmul' | 'matmulFloat64'>;
  /** The same stream for every encoder, so that splits and starts are the same for all. */
  readonly rng: Rng;
  readonly signal: AbortSignal;
  readonly victim: EncoderObservations;
  /** One encoder independent of the victim, for the t-tests that papers make against a single one. */
  readonly reference?: EncoderObservations | undefined;
  /**
   * One fidelity metric of the audit between victim and suspect, both `[images, dimension]` of the same images.
   * Undefined where it has no meaning for this pair.
   */
  fidelity(id: FidelityId, victim: Matrix, suspect: Matrix): Promise<number | undefined>;
  /** The victim's projection head, where its owner has one as a function: `[rows, dimension]` to `[rows, projection]`. */
  head?(embeddings: Matrix): Promise<Matrix>;
}

/** A sample of one encoder as it enters a t-test. */
export interface SampleFigures {
  readonly count: number;
  readonly mean: number;
  /** Over `count - 1`. */
  readonly variance: number;
}

/**
 * Two samples taken from one encoder (or from the suspect and one other), as papers compare them. Their p says that the samples
 * differ, not that the encoder was stolen: reported beside, never a claim.
 */
export interface WithinModel {
  readonly first: SampleFigures;
  readonly second: SampleFigures;
  /** What would speak for theft. */
  readonly alternative: 'greater' | 'less' | 'two-sided';
  /** What the two samples are. */
  readonly samples: readonly [first: string, second: string];
}

export interface OwnershipReading {
  /** One number for this encoder; larger = more like a copy of the victim. */
  readonly statistic: number;
  readonly unit: Unit;
  /** Images (or batches) behind it. */
  readonly n: number;
  /** Further figures worth keeping. Finite numbers only. */
  readonly figures: Readonly<Record<string, number>>;
  readonly withinModel?: WithinModel | undefined;
}

export interface OwnershipTestDefinition<Config extends z.ZodObject = z.ZodObject> {
  readonly meta: OwnershipTestMeta;
  readonly config: Config;
  /** Configs that run when no one says otherwise; each is a test of its own. */
  readonly runs: readonly z.input<Config>[];
  /** Obfuscations of the suspect that leave its number as it is. */
  invariantTo(config: z.infer<Config>): readonly ObfuscationId[];
  /** Disturbed copies it looks at, beside the images. Default: none. */
  disturbances?(config: z.infer<Config>): readonly DisturbanceId[];
  /** A sentence where this test cannot be made of these observations; else undefined. */
  notApplicable?(
    config: z.infer<Config>,
    victim: EncoderObservations,
    suspect: EncoderObservations,
  ): string | undefined;
  measure(
    context: OwnershipContext,
    suspect: EncoderObservations,
    config: z.infer<Config>,
  ): Promise<OwnershipReading>;
}

/** A comparison of two samples from one encoder with all that papers and readers ask of it. Never a claim. */
export interface WithinModelFigures extends WithinModel {
  /** One variance for both samples, as the paper has it. */
  readonly pooled: TTest;
  readonly welch: TTest;
  /** Hedges' g; null where nothing varies. */
  readonly effect: number | null;
  /** Of the pooled test at the level of the claim, with the smaller sample's size on both sides. */
  readonly power: number | null;
  /** Values a side that this effect needs for a power of 0.8; null where none is enough. */
  readonly samplesNeeded: number | null;
}

/** One test of one suspect. */
export interface OwnershipFinding {
  readonly id: string;
  /** Canonical spelling: `dataset-inference:variant=loss`. */
  readonly label: string;
  readonly reading: OwnershipReading;
  /** What the victim itself scores: the most a copy can be expected to. Null where it cannot be measured. */
  readonly victim: number | null;
  readonly withinModel: WithinModelFigures | null;
  /** Against independent encoders; null without any. */
  readonly evidence: OwnershipEvidence | null;
}

export interface OwnershipEvidence {
  readonly comparison: NullComparison;
  readonly independent: readonly { readonly name: string; readonly statistic: number }[];
  /** p corrected for the number of tests (and keys) by Holm. */
  readonly holm: number;
  /** Share of suspects with this effect that this many encoders find; null without an effect. */
  readonly power: number | null;
  /** Encoders that find four of five; null where 10 000 do not. */
  readonly encodersNeeded: number | null;
  readonly claimed: boolean;
  readonly falseClaims: {
    /** Claiming whatever is at least as alike as this suspect. */
    readonly atSuspect: FalseClaims;
    /** The rule in use, each encoder judged by the others; null with a single one. */
    readonly leftOut: FalseClaims | null;
    /** The papers' rule over samples of one encoder; null where this test has none. */
    readonly withinModel: FalseClaims | null;
  };
}

/** A test that could not be made, and why. */
export interface OwnershipGap {
  readonly id: string;
  readonly label: string;
  readonly reason: string;
}

export interface OwnershipJudgement {
  readonly rule: ClaimRule;
  readonly findings: readonly OwnershipFinding[];
  readonly notMeasured: readonly OwnershipGap[];
  /** All tests together; null without at least three independent encoders. */
  readonly joint: (JointClaim & { readonly claimed: boolean }) | null;
}
