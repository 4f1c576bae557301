import path from 'node:path';
import type { ArtifactFile, CellOutcome, CellWork, Measurement } from '../contract/cell.ts';
import { imageBytes, type Images, type Matrix } from '../contract/data.ts';
import { MoatError } from '../contract/errors.ts';
import type { AttackContext, FeatureEncoder, SurrogateModel, TaskHead } from '../contract/method.ts';
import { runAttack } from '../attacks/run-attack.ts';
import { findAttack } from '../attacks/registry.ts';
import {
  calibrateChain,
  chainOutputDimension,
  openChainMarks,
  openChainSession,
  type ChainMark,
} from '../defenses/chain.ts';
import { classifyWithVictim, evaluateSurrogate, type TaskEmbeddings } from '../metrics/evaluate.ts';
import { createOracle } from '../oracle.ts';
import { defaultQueryPolicy } from '../query-policies/registry.ts';
import type { Rng } from '../rng.ts';
import { exportSurrogate } from '../surrogates/export-onnx.ts';
import { openSurrogate } from '../surrogates/open.ts';
import { encodeSurrogate } from '../surrogates/serialize.ts';
import { backboneStart } from '../surrogates/training-schema.ts';
import { cachedByContent } from './content-cache.ts';
import { writeFileAtomic } from './files.ts';
import type { JobContext, CellJob } from './jobs.ts';
import {
  calibrationProjections,
  calibrationRows,
  calibrationSample,
  cleanEmbeddings,
  taskEmbeddings,
  type Loaded,
} from './loaded.ts';
import type { EncoderMarks } from './encoder-marks.ts';
import { askForMarks, measureMark } from './mark-score.ts';
import { measureOwnership } from './measure-ownership.ts';
import { measureTransfer } from './measure-transfer.ts';
import { ownStart } from './own-start.ts';
import { openRecordings } from './recordings.ts';
import { fileCheckpointSlot } from './tensor-file.ts';
import { measureWatched } from './watched-accounts.ts';

type AttackWork = Extract<CellWork, { kind: 'attack' }>;

/** Share of a cell's progress spent in the attack; the rest is evaluation. */
const ATTACK_SHARE = 0.8;

/** One thief at one defense: asks, trains, is measured and kept. */
export async function executeAttack(
  job: CellJob,
  work: AttackWork,
  loaded: Loaded,
  seedRng: Rng,
  context: JobContext,
): Promise<Omit<CellOutcome, 'elapsedMs'>> {
  const attack = findAttack(work.attack.id);
  if (attack === undefined) throw new MoatError('method-unknown', `There is no attack ${work.attack.id}.`);
  const { engine } = loaded;
  // The service's key depends on the seed alone, the attacker's draws on seed and budget: cells that differ only in
  // the defense see the same images from the same initial weights (paired comparison).
  const serviceKey = seedRng.derive('service');
  const isOnProjections = attack.meta.asks === 'projection';
  const { embed, project } = victimAnswers(loaded);
  const answer = isOnProjections ? project : embed;
  if (answer === undefined)
    throw new MoatError('not-applicable', `${attack.meta.id} needs a projection output (--projection).`);
  const calibration = calibrateChain(
    work.defense,
    calibrationSample(loaded, isOnProjections),
    serviceKey,
    calibrationProjections(loaded),
  );
  const recordings = openRecordings(work.defense);
  const encoderMarks = await loaded.encoderMarks(work.defense);
  const { columns } = (isOnProjections ? loaded.pool.projections : undefined) ?? loaded.pool.embeddings;
  const dimension = chainOutputDimension(work.defense, columns);
  const oracle = createOracle({
    answer,
    ...(project === undefined ? {} : { project }),
    openSession: (account) => openChainSession(work.defense, calibration, account, serviceKey, recordings),
    dimension,
    budget: attack.queryAllowance?.(work.attack.config, work.budget) ?? work.budget,
    accounts: work.accounts,
    imageBytes: imageBytes(loaded.pool),
  });
  const checkpoint = fileCheckpointSlot(path.join(job.artifactFolder, 'checkpoints', `${job.key}.bin`));
  const backbone = await backboneFeatures(loaded);
  const { order, elapsedMs: queryPolicyMs } = await loaded.queryOrders.find({
    policy: work.queryPolicy?.id ?? defaultQueryPolicy.meta.id,
    seed: work.seed,
    seedRng,
    pool: loaded.pool,
    shares: (job.preparation.inputs.pool.sources ?? []).map(({ share }) => share),
    wanted: work.budget,
    surrogate: work.surrogate,
    backbone,
    engine,
    signal: context.signal,
    progress: (_, stage) => context.progress(0, stage),
  });
  const { initialization } = work.surrogate;
  const begun =
    initialization === 'own-ssl'
      ? await ownStart({
          artifactFolder: job.artifactFolder,
          inputs: job.preparation.inputs,
          auditSeed: job.config.seed,
          seed: work.seed,
          // The names under which the own-ssl control of this seed draws.
          rng: seedRng.derive('attack/0').derive('own-ssl'),
          engine,
          settings: work.surrogate,
          dimension: loaded.pool.embeddings.columns,
          pool: () => loaded.pool.images(seedRng.derive('pool').permutation(loaded.pool.hashes.length)),
          signal: context.signal,
          progress: (_, stage) => context.progress(0, stage),
        })
      : undefined;
  const attackContext: AttackContext = {
    oracle,
    // Larger budgets extend smaller ones: the order is the seed's, not the budget's.
    pool: loaded.pool.images(order),
    poolLabels: Int32Array.from(order, (index) => loaded.pool.labels[index] ?? -1),
    surrogate: {
      ...work.surrogate,
      ...(begun === undefined ? {} : { begin: begun.weights }),
      ...(backboneStart(work.surrogate) === undefined ? {} : { backbone }),
    },
    ...(backbone === undefined ? {} : { backbone }),
    publicEncoder: backbone ?? (await loaded.demoEncoder()),
    defense: {
      chain: work.defense,
      simulate: (embeddings, rng) =>
        openChainSession(work.defense, calibrateChain(work.defense, embeddings, rng), 0, rng).reply(
          embeddings,
          Array.from({ length: embeddings.rows }, (_, row) => `simulated/${row}`),
        ),
    },
    taskHeads: taskHeads(loaded),
    checkpoint,
    rng: seedRng.derive(`attack/${work.budget}`),
    engine,
    signal: context.signal,
    progress: (fraction, stage) => context.progress(fraction * ATTACK_SHARE, stage),
    log: (message) => context.log(message),
  };
  const { surrogate, diagnostics } = await runAttack(attack, attackContext, {
    config: work.attack.config,
    budget: work.budget,
  });
  if (context.signal.aborted) throw new MoatError('cancelled', 'The cell was stopped before its evaluation.');
  context.progress(ATTACK_SHARE, 'evaluating');
  const marks = Array.from({ length: work.accounts }, (_, account) =>
    openChainMarks(work.defense, calibration, account, serviceKey, encoderMarks),
  ).flat();
  const measurements = await evaluate(surrogate, loaded, context, {
    backbone,
    marks,
    encoderMarks,
    measuresTransfer: work.transfer !== undefined,
    measuresOwnership: work.ownership !== undefined,
  });
  const artifacts = await saveSurrogate(job, surrogate);
  checkpoint.clear();
  return {
    measurements: [...measurements, ...measureWatched(oracle.watched())],
    // What choosing took, where something was chosen: no query, but the attacker's time.
    diagnostics: work.queryPolicy === undefined ? diagnostics : { ...diagnostics, queryPolicyMs },
    ledger: oracle.ledger(),
    artifacts,
  };
}

async function evaluate(
  model: SurrogateModel,
  loaded: Loaded,
  context: JobContext,
  {
    backbone,
    marks,
    encoderMarks,
    measuresTransfer,
    measuresOwnership,
  }: {
    readonly backbone: FeatureEncoder | undefined;
    readonly marks: readonly ChainMark[];
    readonly encoderMarks: EncoderMarks;
    readonly measuresTransfer: boolean;
    readonly measuresOwnership: boolean;
  },
): Promise<readonly Measurement[]> {
  const surrogate = await openSurrogate(loaded.engine, model, backbone);
  try {
    const stolen: TaskEmbeddings[] = [];
    for (const task of loaded.tasks)
      stolen.push(
        taskEmbeddings(
          task,
          await surrogate.embed(task.fit.images()),
          await surrogate.embed(task.score.images()),
        ),
      );
    const metricContext = { engine: loaded.engine, rng: loaded.metricsRng, signal: context.signal };
    const measurements = [...(await evaluateSurrogate(metricContext, stolen, await loaded.reference()))];
    for (const target of measuresTransfer ? await loaded.transferTargets() : []) {
      const copy = stolen.find(({ name }) => name === target.task);
      if (copy !== undefined)
        measurements.push(...(await measureTransfer(metricContext, model, copy, target)));
    }
    const scored = stolen[0]?.score.embeddings;
    if (measuresOwnership && scored !== undefined)
      measurements.push(
        ...(await measureOwnership(await loaded.ownership(), {
          name: 'the copy',
          scored,
          embed: (images) => surrogate.embed(images),
        })),
      );
    // Of the images that `calibrationSample` takes: the provider's own.
    const provider = stolen[0]?.fit.embeddings;
    return provider === undefined
      ? measurements
      : [
          ...measurements,
          ...measureMark(calibrationRows(provider), marks, await askForMarks(surrogate, encoderMarks)),
        ];
  } finally {
    await surrogate.dispose();
  }
}

/** The backbone with its answers on prepared images read from disk. */
async function backboneFeatures(loaded: Loaded): Promise<FeatureEncoder | undefined> {
  const open = loaded.backbone;
  if (open === undefined) return undefined;
  const sets = [loaded.pool, ...loaded.tasks.flatMap((task) => [task.fit, task.score])];
  const features = sets.flatMap(({ hashes, backbone }) =>
    backbone === undefined ? [] : [{ hashes, embeddings: backbone }],
  );
  const dimension = features[0]?.embeddings.columns ?? (await open()).dimension;
  return { dimension, embed: cachedByContent(features, async (images) => (await open()).embed(images)) };
}

/** The provider's own classifier on clean embeddings of each task, fitted when it is first asked. */
function taskHeads(loaded: Loaded): readonly TaskHead[] {
  return loaded.tasks.map((task) => ({
    task: task.name,
    classes: task.classes.length,
    classify: (replies) =>
      classifyWithVictim({ engine: loaded.engine, rng: loaded.metricsRng }, cleanEmbeddings(task), replies),
  }));
}

/** The clean victim behind the oracle, and its projection head where one is named. */
function victimAnswers(loaded: Loaded): {
  readonly embed: (images: Images) => Promise<Matrix>;
  readonly project: ((images: Images) => Promise<Matrix>) | undefined;
} {
  const { hashes, projections } = loaded.pool;
  return {
    embed: cachedByContent([loaded.pool], async (images) => (await loaded.victim()).embed(images)),
    project:
      projections === undefined
        ? undefined
        : cachedByContent([{ hashes, embeddings: projections }], async (images) =>
            (await loaded.projection()).embed(images),
          ),
  };
}

/** As Moat's own file, and as ONNX for everybody else. */
async function saveSurrogate(job: CellJob, surrogate: SurrogateModel): Promise<readonly ArtifactFile[]> {
  const save = (kind: ArtifactFile['kind'], ending: string, bytes: Uint8Array): ArtifactFile => {
    const relative = path.posix.join('surrogates', `${job.key}.${ending}`);
    return { path: relative, kind, ...writeFileAtomic(path.join(job.artifactFolder, relative), [bytes]) };
  };
  const onnx = await exportSurrogate(surrogate);
  return [
    save('surrogate', 'moat', encodeSurrogate(surrogate)),
    ...(onnx === undefined ? [] : [save('surrogate-onnx', 'onnx', onnx)]),
  ];
}
