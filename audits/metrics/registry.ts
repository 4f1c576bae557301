import { WIDE_COLUMNS } from '../tensor/linear-algebra/leading-eigen.ts';
import { agreement } from './agreement.ts';
import { alignedR2 } from './aligned-r2.ts';
import { cka } from './cka.ts';
import { fewLabelProbe } from './few-label-probe.ts';
import { knn } from './knn.ts';
import { linearProbe } from './linear-probe.ts';
import type { ComparedView, EncoderView, Metric } from './metric.ts';
import { miScore } from './mi-score.ts';
import { neighborOverlap } from './neighbor-overlap.ts';
import { neighborRecall } from './neighbor-recall-10.ts';
import { procrustesR2 } from './procrustes-r2.ts';
import { rawCosine } from './raw-cosine.ts';
import { rawL2 } from './raw-l2.ts';
import { recall } from './recall-at-10.ts';

/** Raised whenever any metric's results change: `EvaluationSettings.version`, part of every cell's key. */
export const evaluationVersion = 3;

/** Wide embeddings are compared by decompositions of their own: equal up to rounding, or where a rotation is free. */
const WIDE_VERSION = 4;

/** The version under which embeddings of so many dimensions are measured: others keep the cells they have. */
export function evaluationVersionOf(dimension: number, asked: number = evaluationVersion): number {
  return dimension < WIDE_COLUMNS ? asked : Math.max(asked, WIDE_VERSION);
}

/** What an encoder is worth by itself: measured on the victim, on controls and on surrogates. */
export const encoderMetrics: readonly Metric<EncoderView>[] = [linearProbe, knn, fewLabelProbe];

/** How close a surrogate is to the victim. */
export const fidelityMetrics: readonly Metric<ComparedView>[] = [
  cka,
  neighborOverlap,
  neighborRecall,
  agreement,
  alignedR2,
  procrustesR2,
  rawCosine,
  rawL2,
  miScore,
];

/** What honest users measure on clean and on defended vectors; ids get `clean-` and `honest-` in front. */
export const honestUtilityMetrics: readonly Metric<EncoderView>[] = [linearProbe, knn];

/** What honest users measure against clean vectors. */
export const honestFidelityMetrics: readonly Metric<ComparedView>[] = [recall];
