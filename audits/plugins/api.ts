/**
 * What a user's own attack or defense may use: `import { defineAttack } from 'moat/plugin'`. Whatever is exported here keeps its
 * meaning within a major version; everything else in Moat may change.
 */
export { z } from 'zod';
export { affordableImages, collectReplies } from '../attacks/collect-replies.ts';
export { defineAttack, throwIfCancelled } from '../attacks/define-attack.ts';
export { augmentationIds } from '../augment/registry.ts';
export {
  imageBytes,
  matrix,
  matrixRow,
  matrixRows,
  selectImages,
  selectRows,
  sliceImages,
  type Images,
  type Matrix,
} from '../contract/data.ts';
export type { Engine } from '../contract/engine.ts';
export { MoatError } from '../contract/errors.ts';
export type {
  AttackContext,
  AttackDefinition,
  AttackMeta,
  AttackOutcome,
  AuditFacts,
  DefenseCharges,
  DefenseDefinition,
  DefenseMeta,
  DefenseSession,
  Detection,
  FeatureEncoder,
  MarkInput,
  Oracle,
  ProviderStatistics,
  SurrogateModel,
} from '../contract/method.ts';
export { defineDefense } from '../defenses/define-defense.ts';
export { findLoss, lossIds } from '../losses/registry.ts';
export type { Rng } from '../rng.ts';
export { fitSurrogate } from '../surrogates/fit.ts';
export { fitRidge } from '../tensor/linear-algebra/ridge.ts';
