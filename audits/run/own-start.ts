import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { AuditInputs } from '../contract/cell.ts';
import type { Images } from '../contract/data.ts';
import type { Engine } from '../contract/engine.ts';
import type { SurrogateModel, SurrogateSettings } from '../contract/method.ts';
import { digestOf } from '../plan/key.ts';
import type { Rng } from '../rng.ts';
import { decodeSurrogate, encodeSurrogate } from '../surrogates/serialize.ts';
import { trainOwnSsl } from '../training/own-ssl.ts';
import { writeFileAtomic } from './files.ts';
import { fileCheckpointSlot } from './tensor-file.ts';

export interface OwnStartRequest {
  readonly artifactFolder: string;
  readonly inputs: AuditInputs;
  /** The audit's seed and the cell's. */
  readonly auditSeed: number;
  readonly seed: number;
  /** The stream that the own-ssl control of the same seed draws from: both are the same network. */
  readonly rng: Rng;
  readonly engine: Engine;
  readonly settings: SurrogateSettings;
  /** The victim's. */
  readonly dimension: number;
  /** The pool in the seed's random order; read only when something has to be trained. */
  readonly pool: () => Images;
  readonly signal: AbortSignal;
  progress(fraction: number, stage: string): void;
}

type Network = Extract<SurrogateModel, { kind: 'network' }>;

/**
 * The network which a thief trains on the pool before the first query. It depends on the seed alone and not on attack,
 * defense or budget, so it is trained once, kept beside the database and read by every cell that begins with it.
 * @throws MoatError `cancelled`, `training-diverged`
 */
export async function ownStart(request: OwnStartRequest): Promise<Network> {
  const { artifactFolder, inputs, auditSeed, seed, settings, dimension } = request;
  const { architecture, inputSize, epochs, batchSize } = settings;
  const name = digestOf({ inputs, auditSeed, seed, architecture, inputSize, epochs, batchSize, dimension });
  const file = path.join(artifactFolder, 'own-ssl', `${name}.moat`);
  if (existsSync(file)) {
    const kept = decodeSurrogate(readFileSync(file));
    if (kept.kind === 'network') return kept;
  }
  // Two workers that need it at once train it twice; both write the same bytes.
  const checkpoint = fileCheckpointSlot(path.join(artifactFolder, 'checkpoints', `own-ssl-${name}.bin`));
  const { encoder } = await trainOwnSsl({
    engine: request.engine,
    architecture,
    inputSize,
    epochs,
    batchSize,
    dimension,
    images: request.pool(),
    rng: request.rng,
    checkpoint,
    signal: request.signal,
    progress: (fraction, stage) => request.progress(fraction, stage),
  });
  writeFileAtomic(file, [encodeSurrogate(encoder)]);
  checkpoint.clear();
  return encoder;
}
