import { MethodRegistry } from '../contract/method-registry.ts';
import type { OwnershipTestDefinition } from '../contract/ownership.ts';
import { datasetInference } from './dataset-inference.ts';
import { distanceTest } from './distance-test.ts';
import { noiseBallDeviation } from './noise-ball-deviation.ts';
import { rankSignature } from './rank-signature.ts';
import { similarityFingerprint } from './similarity-fingerprint.ts';
import { watermarkSuccessRate } from './watermark-success-rate.ts';

/** Every ownership test that ships, in the order in which they are shown. */
export const ownershipTests: readonly OwnershipTestDefinition[] = Object.freeze([
  watermarkSuccessRate,
  datasetInference,
  similarityFingerprint,
  distanceTest,
  noiseBallDeviation,
  rankSignature,
]);

export const ownershipRegistry = new MethodRegistry(ownershipTests);
