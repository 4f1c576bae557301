import { MethodRegistry } from '../contract/method-registry.ts';
import type { AttackDefinition } from '../contract/method.ts';
import { accessHead } from './access-head.ts';
import { affineRemoval, correctedImages } from './affine-removal.ts';
import { backboneStitching } from './backbone-stitching.ts';
import { onBase } from './base-attack.ts';
import { contSteal } from './cont-steal.ts';
import { defenseAwareSchedule, scheduledImages } from './defense-aware-schedule.ts';
import { dimensionRecovery } from './dimension-recovery.ts';
import { directExtraction } from './direct-extraction.ts';
import { inverseFit, repairedImages } from './inverse-fit.ts';
import { maskedRegression } from './masked-regression.ts';
import { jacobianAugmentation } from './jacobian-augmentation.ts';
import { labelExtraction } from './label-extraction.ts';
import { noVictim } from './no-victim.ts';
import { rda } from './rda.ts';
import { recreateHead } from './recreate-head.ts';
import { averagedImages, repeatAveraging } from './repeat-averaging.ts';
import { stolenEncoder } from './stolen-encoder.ts';
import { viewAveraging, viewedImages } from './view-averaging.ts';
import { remappedImages, sybilRemap } from './sybil-remap.ts';
import { launderedImages, watermarkRemoval } from './watermark-removal.ts';

/** The attacks that may stand behind a wrapper. */
export const baseAttacks: readonly AttackDefinition[] = Object.freeze([directExtraction, backboneStitching]);

/** Every attack that ships, in the order in which lists show them. */
export const attacks: readonly AttackDefinition[] = Object.freeze([
  noVictim,
  ...baseAttacks,
  stolenEncoder,
  contSteal,
  rda,
  dimensionRecovery,
  jacobianAugmentation,
  recreateHead,
  accessHead,
  labelExtraction,
  onBase(repeatAveraging, baseAttacks, averagedImages),
  onBase(viewAveraging, baseAttacks, viewedImages),
  onBase(affineRemoval, baseAttacks, correctedImages),
  onBase(inverseFit, baseAttacks, repairedImages),
  maskedRegression,
  onBase(sybilRemap, baseAttacks, remappedImages),
  onBase(defenseAwareSchedule, baseAttacks, scheduledImages),
  onBase(watermarkRemoval, baseAttacks, launderedImages),
]);

/** These, and what a user's file has added. */
export const attackRegistry = new MethodRegistry(attacks);

export function findAttack(id: string): AttackDefinition | undefined {
  return attackRegistry.find(id);
}
