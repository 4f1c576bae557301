import { sliceImages, type Images } from '../contract/data.ts';
import type { Engine } from '../contract/engine.ts';
import type { CheckpointSlot, SurrogateModel } from '../contract/method.ts';
import type { Rng } from '../rng.ts';
import { findArchitecture } from '../surrogates/registry.ts';
import { createSimclr } from './simclr.ts';
import { trainEncoder } from './train-encoder.ts';

/** Images for the attacker's own training: as many as the largest budget of the default policy would pay for. */
export const OWN_SSL_IMAGES = 5000;
/** SimCLR's best temperature on CIFAR-10 with small batches (Chen et al. 2020, B.9). */
const TEMPERATURE = 0.5;
/** Adam's usual rate for the small surrogates; the paper's 3e-4 is for its ResNets. */
const LEARNING_RATE = 1e-3;

const method = createSimclr({ temperature: TEMPERATURE });

export interface OwnSslRequest {
  readonly engine: Engine;
  readonly architecture: string;
  readonly dimension: number;
  readonly inputSize: number;
  /** The pool in the seed's order; the first of them are trained on. */
  readonly images: Images;
  readonly epochs: number;
  readonly batchSize: number;
  readonly rng: Rng;
  readonly checkpoint: CheckpointSlot;
  readonly signal: AbortSignal;
  progress(fraction: number, stage: string): void;
}

/**
 * What an attacker makes of their pool without a single query: SimCLR with the architecture, epochs and batches that an
 * extraction gets. The no-victim control `own-ssl` is this network; a surrogate that begins with its own SSL begins here.
 * @throws MoatError as `trainEncoder`
 */
export async function trainOwnSsl(request: OwnSslRequest): Promise<{
  readonly encoder: Extract<SurrogateModel, { kind: 'network' }>;
  /** Mean loss per epoch. */
  readonly losses: readonly number[];
}> {
  const { architecture, epochs, images } = request;
  return trainEncoder({
    engine: request.engine,
    method,
    architecture: findArchitecture(architecture),
    dimension: request.dimension,
    inputSize: request.inputSize,
    images: sliceImages(images, 0, Math.min(images.count, OWN_SSL_IMAGES)),
    batchSize: request.batchSize,
    length: { kind: 'epochs', epochs },
    rule: { learningRate: LEARNING_RATE },
    rng: request.rng,
    checkpoint: request.checkpoint,
    signal: request.signal,
    onEvent(event) {
      if (event.type === 'step')
        request.progress(event.stepsDone / event.totalSteps, 'training without labels');
    },
  });
}
