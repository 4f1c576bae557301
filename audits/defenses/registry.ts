import type { DefenseDefinition } from '../contract/method.ts';
import { MethodRegistry } from '../contract/method-registry.ts';
import { accountTransform } from './account-transform.ts';
import { b4b } from './b4b.ts';
import { cellCoverage } from './cell-coverage.ts';
import { espew } from './espew.ts';
import { external } from './external.ts';
import { gaussianNoise } from './gaussian-noise.ts';
import { linearWatermark } from './linear-watermark.ts';
import { mmdDetector } from './mmd-detector.ts';
import { nearDuplicateGuard } from './near-duplicate-guard.ts';
import { none } from './none.ts';
import { normHiding } from './norm-hiding.ts';
import { pcaTruncation } from './pca-truncation.ts';
import { prada } from './prada.ts';
import { predictionPoisoning } from './prediction-poisoning.ts';
import { proofOfWork } from './proof-of-work.ts';
import { quantization } from './quantization.ts';
import { quota } from './quota.ts';
import { regionWatermark } from './region-watermark.ts';
import { rotationWatermark } from './rotation-watermark.ts';
import { rounding } from './rounding.ts';
import { topK } from './top-k.ts';
import { truncation } from './truncation.ts';
import { vectorQuantization } from './vector-quantization.ts';

/** Every defense that ships, in the order in which lists show them. */
export const defenses: readonly DefenseDefinition[] = Object.freeze([
  none,
  gaussianNoise,
  rounding,
  quantization,
  topK,
  truncation,
  pcaTruncation,
  normHiding,
  vectorQuantization,
  predictionPoisoning,
  accountTransform,
  b4b,
  cellCoverage,
  nearDuplicateGuard,
  prada,
  mmdDetector,
  quota,
  proofOfWork,
  linearWatermark,
  regionWatermark,
  espew,
  rotationWatermark,
  external,
]);

/** These, and what a user's file has added. */
export const defenseRegistry = new MethodRegistry(defenses);

export function findDefense(id: string): DefenseDefinition | undefined {
  return defenseRegistry.find(id);
}
