import type { AuditConfig } from '../contract/audit.ts';
import type { AuditInputs, CellWork, OwnershipWork } from '../contract/cell.ts';
import type { PreflightReport } from '../contract/encoder.ts';
import { findAttack } from '../attacks/registry.ts';
import { epsilons, MOST_TRANSFER_IMAGES } from '../metrics/transfer.ts';
import { MOST_OWNERSHIP_IMAGES } from './ownership-inputs.ts';
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

/** A defense stage knows the provider's calibration rows: their statistics, and the replies of the stages before it. */
const CALIBRATE_MS_PER_STAGE = 60;
/**
 * Similarity fingerprints, distance test and spectrum, per image compared. Covariances and what is taken of them grow with the
 * square of the dimension: 0.3 ms were measured at 128 dimensions, 0.8 at 256, 2.3 at 512 and 15 at 1024.
 */
const OWNERSHIP_MS_PER_ROW = 0.8;
const REFERENCE_DIMENSION = 256;
/** Fitting mixtures to private images and comparing public ones, per private image. */
const DATASET_INFERENCE_MS_PER_ROW = 0.2;

/** What the victim takes for an image that no preparation has embedded. */
export interface VictimCost {
  readonly embedMs: number;
  /** Of its embeddings, and so of copies; the usual one where it is not known yet. */
  readonly dimension: number;
  /** Whether streams for detectors are made and embedded; a deployed service is not asked for any. */
  readonly computesStreams: boolean;
}

/** Between an encoder for 32 pixels and one for 224, where none was measured. */
const UNMEASURED_MS = 20;

/**
 * The victim as fast as it was in its preflight or when a window looked at it, which have one thread as cells have; a service
 * as fast as its file allows.
 * @param imagesPerSecond measured; undefined or 0 where nothing was
 * @param dimension of its embeddings, where it is known
 */
export function victimCost(
  { endpoint }: Pick<AuditConfig, 'endpoint'>,
  imagesPerSecond: number | undefined,
  dimension: number = REFERENCE_DIMENSION,
): VictimCost {
  const isMeasured = imagesPerSecond !== undefined && imagesPerSecond > 0;
  const { rate, batchSize = 1 } = endpoint ?? {};
  const unmeasured = rate === undefined ? UNMEASURED_MS : 1000 / (rate.requestsPerSecond * batchSize);
  return {
    embedMs: isMeasured ? 1000 / imagesPerSecond : unmeasured,
    dimension,
    computesStreams: endpoint === undefined,
  };
}

/** What a preflight measured of the victim's speed. */
export function preflightSpeed(preflight: PreflightReport | undefined): number | undefined {
  return preflight?.checks.find(({ id }) => id === 'throughput')?.figures['imagesPerSecond'];
}

/** The victim as its preflight saw it. */
export function preflightCost(config: Pick<AuditConfig, 'endpoint'>, preflight: PreflightReport): VictimCost {
  return victimCost(config, preflightSpeed(preflight), preflight.dimension);
}

/** Milliseconds for one cell on one worker. */
export function estimateMs(
  work: CellWork,
  inputs: AuditInputs,
  victim: VictimCost = victimCost({}, undefined),
): number {
  const { embedMs, dimension, computesStreams } = victim;
  const rows = inputs.tasks.reduce((total, task) => total + task.fit.rows + task.score.rows, 0);
  const evaluation = rows * EVALUATE_MS_PER_ROW;
  if (work.kind === 'detection')
    return (
      START_MS +
      calibrationMs(work.defense) +
      rows * WATCH_MS_PER_ROW +
      // Once per seed and worker: any of the cells may be its worker's first.
      (computesStreams ? computedStreamImages(inputs.pool.rows) * embedMs : 0)
    );
  if (work.kind === 'independent')
    return (
      START_MS +
      ownershipMs(work.ownership, inputs, { forwardMs: embedMs, dimension }) +
      scoredImages(inputs) * embedMs
    );
  if (work.kind === 'victim') {
    // It has embedded what it is scored on; private and public images it is shown here.
    const tested =
      work.ownership === undefined
        ? 0
        : ownershipMs(work.ownership, inputs, { forwardMs: embedMs, dimension });
    return START_MS + evaluation + tested;
  }
  if (work.kind === 'honest') return START_MS + calibrationMs(work.defense) + evaluation * HONEST_EVALUATIONS;
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
  const isFirstOfWorker = attack?.meta.control === true && work.seed === 0;
  return (
    START_MS +
    calibrationMs(work.defense) +
    evaluation +
    rows * computeMs * FORWARD_SHARE +
    images * trainMs +
    made * embedMs +
    closedForm +
    (work.transfer === undefined ? 0 : transferMs(inputs, { computeMs, embedMs, isFirstOfWorker })) +
    (work.ownership === undefined
      ? 0
      : ownershipMs(work.ownership, inputs, { forwardMs: computeMs * FORWARD_SHARE, dimension }))
  );
}

function calibrationMs(defense: readonly unknown[]): number {
  return defense.length * CALIBRATE_MS_PER_STAGE;
}

/** The first task's images to score: what ownership tests compare encoders on. */
function scoredImages({ tasks: [first] }: AuditInputs): number {
  return first?.score.rows ?? 0;
}

/**
 * Adversarial images from a copy: their gradients, and the victim's passes over them. What undisturbed images and random signs
 * come to is found once per worker, by the controls, which run first.
 */
function transferMs({ tasks }: AuditInputs, { computeMs, embedMs, isFirstOfWorker }: TransferCost): number {
  const images = tasks.reduce((sum, { score }) => sum + Math.min(score.rows, MOST_TRANSFER_IMAGES), 0);
  const passes = epsilons.length + (isFirstOfWorker ? 1 + epsilons.length : 0);
  // Heads of copy and victim are probes as any other.
  const heads = tasks.reduce((sum, { fit }) => sum + fit.rows, 0) * EVALUATE_MS_PER_ROW;
  return images * (computeMs + passes * embedMs) + heads;
}

interface TransferCost {
  /** Forward and backward of one image through the copy. */
  readonly computeMs: number;
  readonly embedMs: number;
  readonly isFirstOfWorker: boolean;
}

/**
 * Ownership tests of one encoder: how many private and public images there are is known when they are read, so as many as are
 * taken at most.
 */
function ownershipMs(
  { private: own, public: strangers }: OwnershipWork,
  inputs: AuditInputs,
  { forwardMs, dimension }: TestedEncoder,
): number {
  const sides = [own, strangers].filter((digest) => digest !== undefined).length;
  const compared = own === undefined ? scoredImages(inputs) : MOST_OWNERSHIP_IMAGES;
  const inference = sides === 2 ? MOST_OWNERSHIP_IMAGES * DATASET_INFERENCE_MS_PER_ROW : 0;
  const comparisonMs = compared * OWNERSHIP_MS_PER_ROW * (dimension / REFERENCE_DIMENSION) ** 2;
  return comparisonMs + sides * MOST_OWNERSHIP_IMAGES * forwardMs + inference;
}

interface TestedEncoder {
  /** Of one image through it. */
  readonly forwardMs: number;
  readonly dimension: number;
}

/** What cells have in common whose times resemble each other: the class by which the runner learns. */
export function costClass(work: CellWork): string {
  if (work.kind !== 'attack') return work.kind;
  const { training: _, ...surrogate } = work.surrogate;
  return JSON.stringify([work.attack.id, work.attack.config, work.budget, surrogate]);
}
