import type { AuditConfig } from '../contract/audit.ts';
import type { AuditInputs, CellWork } from '../contract/cell.ts';
import type { PreflightReport } from '../contract/encoder.ts';
import { findAttack } from '../attacks/registry.ts';
import { computedStreamImages } from './stream-sizes.ts';
import { backboneStart } from '../surrogates/training-schema.ts';

/**
 * A first guess of a cell's time on one thread, before anything was measured; the runner replaces it by what
 * finished cells of the same kind took. Constants: medians on a 2-core server CPU, rounded.
 * Those of `backbone-…` are CPU times taken beside other work.
 */
const START_MS = 300;
/** Forward and backward of one 32 x 32 image, by architecture; of one image's features, with 512 of them. */
const TRAIN_MS_PER_IMAGE: Readonly<Record<string, number>> = {
  'small-cnn': 1.8,
  resnet18: 57,
  resnet34: 110,
  'backbone-frozen': 0.04,
  'backbone-head': 0.1,
};
const REFERENCE_SIDE = 32;
/** Optimizer and call overhead of a step, whatever its batch. */
const STEP_MS: Readonly<Record<string, number>> = {
  'small-cnn': 12,
  resnet18: 60,
  resnet34: 110,
  'backbone-frozen': 7,
  'backbone-head': 8,
};
const FORWARD_SHARE = 0.3;
/** L-BFGS probe, kNN and fidelity per labelled row. */
const EVALUATE_MS_PER_ROW = 0.6;
const CLOSED_FORM_MS_PER_QUERY = 0.4;
/** Detectors see every row once; nothing is trained. */
const WATCH_MS_PER_ROW = 0.1;
/** The whole task's user with and without the defense, drift, and smaller users. */
const HONEST_EVALUATIONS = 2;

/** What the victim takes for an image that no preparation has embedded. */
export interface VictimCost {
  readonly embedMs: number;
  /** Whether streams for detectors are made and embedded; a deployed service is not asked for any. */
  readonly computesStreams: boolean;
}

/** Between an encoder for 32 pixels and one for 224, where none was measured. */
const unmeasuredVictim: VictimCost = { embedMs: 20, computesStreams: true };

/** Of the victim that was prepared: as fast as in its preflight, which has one thread as cells have. */
export function victimCost(
  { endpoint }: Pick<AuditConfig, 'endpoint'>,
  preflight: PreflightReport | undefined,
): VictimCost {
  const perSecond = preflight?.checks.find(({ id }) => id === 'throughput')?.figures['imagesPerSecond'];
  return {
    embedMs: perSecond === undefined || !(perSecond > 0) ? unmeasuredVictim.embedMs : 1000 / perSecond,
    computesStreams: endpoint === undefined,
  };
}

/** Milliseconds for one cell on one worker. */
export function estimateMs(
  work: CellWork,
  inputs: AuditInputs,
  { embedMs, computesStreams }: VictimCost = unmeasuredVictim,
): number {
  const rows = inputs.tasks.reduce((total, task) => total + task.fit.rows + task.score.rows, 0);
  const evaluation = rows * EVALUATE_MS_PER_ROW;
  if (work.kind === 'detection')
    return (
      START_MS +
      rows * WATCH_MS_PER_ROW +
      // Once per seed and worker: any of the cells may be its worker's first.
      (computesStreams ? computedStreamImages(inputs.pool.rows) * embedMs : 0)
    );
  if (work.kind !== 'attack')
    return START_MS + evaluation * (work.kind === 'honest' ? HONEST_EVALUATIONS : 1);
  const { inputSize, batchSize } = work.surrogate;
  const start = backboneStart(work.surrogate);
  const trained = start ?? work.surrogate.architecture;
  const area = start === undefined ? (inputSize / REFERENCE_SIDE) ** 2 : 1;
  const computeMs = (TRAIN_MS_PER_IMAGE[trained] ?? 2) * area;
  const trainMs = computeMs + (STEP_MS[trained] ?? 30) / batchSize;
  const attack = findAttack(work.attack.id);
  const facts = {
    budget: work.budget,
    accounts: work.accounts,
    poolImages: inputs.pool.rows,
    surrogate: work.surrogate,
  };
  const images = attack?.trainedImages?.(work.attack.config, facts) ?? 0;
  const made = attack?.madeImages?.(work.attack.config, facts) ?? 0;
  const closedForm = attack?.meta.training === 'closed-form' ? work.budget * CLOSED_FORM_MS_PER_QUERY : 0;
  return (
    START_MS + evaluation + rows * computeMs * FORWARD_SHARE + images * trainMs + made * embedMs + closedForm
  );
}

/** What cells have in common whose times resemble each other: the class by which the runner learns. */
export function costClass(work: CellWork): string {
  if (work.kind !== 'attack') return work.kind;
  const { training: _, ...surrogate } = work.surrogate;
  return JSON.stringify([work.attack.id, work.attack.config, work.budget, surrogate]);
}
