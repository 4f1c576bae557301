import path from 'node:path';
import type { ArtifactFile, CellOutcome, CellWork, Measurement } from '../contract/cell.ts';
import type { Clock } from '../contract/context.ts';
import { imageBytes, matrixRows, type Images, type Matrix } from '../contract/data.ts';
import type { Engine } from '../contract/engine.ts';
import type { AuditConfig } from '../contract/audit.ts';
import type { Encoder } from '../contract/encoder.ts';
import { MoatError } from '../contract/errors.ts';
import type { AttackContext, FeatureEncoder, SurrogateModel, TaskHead } from '../contract/method.ts';
import { runAttack } from '../attacks/run-attack.ts';
import { findAttack } from '../attacks/registry.ts';
import { calibrateChain, chainOutputDimension, openChainSession } from '../defenses/chain.ts';
import { openProjection } from '../encoder/encoder.ts';
import {
  classifyWithVictim,
  evaluateSurrogate,
  evaluateVictim,
  measureInformationScale,
  predictWithVictim,
  type TaskEmbeddings,
  type VictimEmbeddings,
} from '../metrics/evaluate.ts';
import { createOracle } from '../oracle.ts';
import { defaultQueryPolicy } from '../query-policies/registry.ts';
import { createRng, type Rng } from '../rng.ts';
import { exportSurrogate } from '../surrogates/export-onnx.ts';
import { openSurrogate } from '../surrogates/open.ts';
import { encodeSurrogate } from '../surrogates/serialize.ts';
import { createEngine } from '../tensor/engine.ts';
import { builtinDemo, encoderFile } from '../encoder/demo-encoder.ts';
import { openBackbone, type Backbone } from './backbone.ts';
import { cachedByContent } from './content-cache.ts';
import { writeFileAtomic } from './files.ts';
import { computeStreams, join, select, type ComputedStreams } from './computed-streams.ts';
import { measureDetection, type StreamImages } from './detection-cell.ts';
import { measureHonestUsers } from './honest-cell.ts';
import type { Job } from './jobs.ts';
import { openVictim, type VictimContext } from './open-victim.ts';
import { createQueryOrders } from './query-order.ts';
import { ownStart } from './own-start.ts';
import { readPreparedSet, type PreparedSet } from './prepared.ts';
import { openRecordings } from './recordings.ts';
import { fileCheckpointSlot } from './tensor-file.ts';
import { measureWatched } from './watched-accounts.ts';
import { CALIBRATION_IMAGES, embedUntrained } from './untrained-embeddings.ts';

type CellJob = Extract<Job, { kind: 'cell' }>;
type AttackWork = Extract<CellWork, { kind: 'attack' }>;

export interface ExecutionContext {
  readonly signal: AbortSignal;
  progress(fraction: number, stage: string): void;
  log(message: string): void;
}

interface Task {
  readonly name: string;
  readonly classes: readonly string[];
  readonly fit: PreparedSet;
  readonly score: PreparedSet;
}

/** What a worker keeps from cell to cell: embeddings read once, models opened once. Neither pixels nor results. */
interface Loaded {
  readonly folder: string;
  readonly pool: PreparedSet;
  readonly tasks: readonly Task[];
  readonly engine: Engine;
  readonly victim: () => Promise<Encoder>;
  /** Throws where no projection output is named. */
  readonly projection: () => Promise<Encoder>;
  readonly backbone: (() => Promise<Backbone>) | undefined;
  /** The public encoder of attackers who hold no other. */
  readonly demoEncoder: () => Promise<Backbone>;
  /** Splits of the metrics: the same for every cell of the audit, so that encoders are compared on equal terms. */
  readonly metricsRng: Rng;
  /** In what order each seed's cells send the pool. */
  readonly queryOrders: ReturnType<typeof createQueryOrders>;
  /** What thieves make and the victim answers in one seed's detection cells: the same for every defense. */
  readonly computedStreams: (seed: number, rng: Rng, signal: AbortSignal) => Promise<ComputedStreams>;
  /** The victim's clean embeddings and what its own probes predict. */
  readonly reference: () => Promise<readonly VictimEmbeddings[]>;
}

/** Rows of the provider's own data on which a defense is calibrated. */
const CALIBRATION_ROWS = 1000;
/** Share of a cell's progress spent in the attack; the rest is evaluation. */
const ATTACK_SHARE = 0.8;

export interface CellExecutor {
  /** @throws MoatError whatever the cell failed of; `cancelled` at a safe point after an abort. */
  execute(job: CellJob, context: ExecutionContext): Promise<CellOutcome>;
}

/** Runs cells one after the other in this process. */
export function createCellExecutor(options: { readonly clock: Clock }): CellExecutor {
  let loaded: Loaded | undefined;
  return {
    async execute(job, context) {
      const started = options.clock.monotonicMs();
      const folder = path.join(job.artifactFolder, job.preparation.folder);
      loaded =
        loaded?.folder === folder
          ? loaded
          : await load(job, folder, {
              ...options,
              artifactFolder: job.artifactFolder,
              log: (message) => context.log(message),
            });
      const outcome = await executeWork(job, loaded, context, options.clock);
      return { ...outcome, elapsedMs: options.clock.monotonicMs() - started };
    },
  };
}

async function load(
  job: CellJob,
  folder: string,
  context: VictimContext & { readonly clock: Clock },
): Promise<Loaded> {
  const { config, preparation } = job;
  const engine = await createEngine(config.engine, { threads: 1, device: config.device });
  const { numericsClass } = preparation.inputs;
  if (engine.numericsClass !== numericsClass)
    throw new MoatError(
      'device-unavailable',
      `This audit was prepared with ${numericsClass}; here is ${engine.numericsClass} now, which computes other numbers. Start a new audit.`,
    );
  const victim = once(() => sameVictim(engine, config, preparation.inputs.encoder, context));
  const projection = once(async () => {
    const opened = await openProjection(engine, encoderFile(config.encoder), config.encoderOptions);
    if (opened === undefined) throw new RangeError('this audit names no projection output');
    if (opened.description.digest !== preparation.inputs.encoder) throw changed(config.encoder);
    return opened;
  });
  const { backbone } = config;
  const tasks: readonly Task[] = preparation.tasks.map(({ name, classes }, i) => ({
    name,
    classes,
    fit: readPreparedSet(folder, `task-${i}-fit`),
    score: readPreparedSet(folder, `task-${i}-score`),
  }));
  const metricsRng = createRng(config.seed).derive('metrics');
  const pool = readPreparedSet(folder, 'pool');
  const { height, width } = preparation.inputs.preprocessing;
  const inputSize = Math.min(config.surrogate.inputSize, height, width);
  let streams: { readonly seed: number; readonly computed: ComputedStreams } | undefined;
  return {
    folder,
    engine,
    victim,
    projection,
    backbone:
      backbone === null ? undefined : once(() => sameBackbone(engine, backbone, preparation.inputs.backbone)),
    demoEncoder: once(() => openBackbone(engine, encoderFile(builtinDemo))),
    pool,
    tasks,
    metricsRng,
    queryOrders: createQueryOrders(context.clock),
    async computedStreams(seed, rng, signal) {
      // Of one seed at a time: cells come seed by seed.
      if (streams?.seed === seed) return streams.computed;
      const computed = await computeStreams({
        engine,
        rng,
        signal,
        pool: { rows: pool.hashes.length, images: (indices) => pool.images(indices) },
        embed: async (images) => (await victim()).embed(images),
        project:
          pool.projections === undefined ? undefined : async (images) => (await projection()).embed(images),
        dimension: pool.embeddings.columns,
        inputSize,
      });
      streams = { seed, computed };
      return computed;
    },
    reference: once(async () => {
      const untrained = await embedUntrained(
        { engine, rng: metricsRng.derive('untrained'), pool: pool.images(firstRows(pool.hashes.length)) },
        {
          dimension: pool.embeddings.columns,
          inputSize,
        },
        tasks.map(({ score }) => score.images()),
      );
      const reference: VictimEmbeddings[] = [];
      for (const [i, task] of tasks.map(cleanEmbeddings).entries()) {
        const network = untrained[i];
        reference.push({
          ...task,
          predictions: await predictWithVictim({ engine, rng: metricsRng }, task),
          ...(network === undefined
            ? {}
            : { informationScale: await measureInformationScale({ engine }, task, network) }),
        });
      }
      return reference;
    }),
  };
}

/** A file that was replaced after the preparation must not answer under the old one's name. */
async function sameVictim(
  engine: Engine,
  config: AuditConfig,
  digest: string,
  context: VictimContext,
): Promise<Encoder> {
  const { encoder } = await openVictim(engine, config, context);
  if (encoder.description.digest !== digest) throw changed(config.encoder);
  return encoder;
}

async function sameBackbone(engine: Engine, file: string, identity: string | null): Promise<Backbone> {
  const backbone = await openBackbone(engine, file);
  if (backbone.identity !== identity) throw changed(file);
  return backbone;
}

function changed(file: string): MoatError {
  return new MoatError('encoder-changed', `${file} is not the file with which this audit began.`);
}

function once<T>(create: () => Promise<T>): () => Promise<T> {
  let value: Promise<T> | undefined;
  return () => (value ??= create());
}

type Outcome = Omit<CellOutcome, 'elapsedMs'>;
const nothing = { diagnostics: {}, ledger: [], artifacts: [] } as const;

async function executeWork(
  job: CellJob,
  loaded: Loaded,
  context: ExecutionContext,
  clock: Clock,
): Promise<Outcome> {
  const { work, config } = job;
  const seedRng = createRng(config.seed).derive(`seed/${work.seed}`);
  if (work.kind === 'attack') return executeAttack(job, work, loaded, seedRng, context);
  context.progress(0, work.kind === 'victim' ? 'measuring the victim' : 'measuring honest users');
  const metricContext = { engine: loaded.engine, rng: loaded.metricsRng, signal: context.signal };
  const clean = loaded.tasks.map(cleanEmbeddings);
  if (work.kind === 'victim') return { ...nothing, measurements: await evaluateVictim(metricContext, clean) };
  if (work.kind === 'detection')
    return {
      ...nothing,
      measurements: await detectionMeasurements(job, work, loaded, seedRng, context),
    };
  const key = seedRng.derive('honest/defense');
  const tasks = loaded.tasks.map((task, i) => ({
    clean: clean[i] ?? cleanEmbeddings(task),
    fitHashes: task.fit.hashes,
    scoreHashes: task.score.hashes,
    fitProjections: task.fit.projections,
    scoreProjections: task.score.projections,
  }));
  return {
    ...nothing,
    ...(await measureHonestUsers(metricContext, tasks, {
      defense: work.defense,
      calibration: calibrateChain(
        work.defense,
        calibrationSample(loaded),
        key,
        calibrationProjections(loaded),
      ),
      key,
      users: seedRng.derive('honest/users'),
      clock,
      recordings: openRecordings(work.defense),
    })),
  };
}

/** Benign accounts send images of every task, but none that a defense was calibrated on. */
async function detectionMeasurements(
  { config }: CellJob,
  { defense, seed }: Extract<CellWork, { kind: 'detection' }>,
  loaded: Loaded,
  seedRng: Rng,
  context: ExecutionContext,
): Promise<readonly Measurement[]> {
  const key = seedRng.derive('detection/defense');
  // A deployed service is asked for nothing that only a detector's test would need.
  const computed =
    config.endpoint === undefined
      ? await loaded.computedStreams(seed, seedRng.derive('detection/computed'), context.signal)
      : undefined;
  context.progress(ATTACK_SHARE, 'watching accounts');
  return measureDetection(
    { benign: loaded.tasks.map(benignImages), pool: loaded.pool, computed },
    {
      defense,
      calibration: calibrateChain(defense, calibrationSample(loaded), key, calibrationProjections(loaded)),
      key,
      rng: seedRng.derive('detection/streams'),
    },
  );
}

/** A task's fit and score rows, without those of the first task that defenses are calibrated on. */
function benignImages({ fit, score }: Task, index: number): StreamImages {
  const known = index === 0 ? Math.min(fit.hashes.length, CALIBRATION_ROWS) : 0;
  const fresh = select(
    fit,
    Array.from({ length: fit.hashes.length - known }, (_, row) => known + row),
  );
  return join(fresh, score);
}

async function executeAttack(
  job: CellJob,
  work: AttackWork,
  loaded: Loaded,
  seedRng: Rng,
  context: ExecutionContext,
): Promise<Outcome> {
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
    surrogate: begun === undefined ? work.surrogate : { ...work.surrogate, begin: begun.weights },
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
  const measurements = await evaluate(surrogate, loaded, context, backbone);
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
  context: ExecutionContext,
  backbone: FeatureEncoder | undefined,
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
    return await evaluateSurrogate(metricContext, stolen, await loaded.reference());
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

/** Rows that settle an untrained network: enough of them, not the whole pool's pixels. */
function firstRows(rows: number): readonly number[] {
  return Array.from({ length: Math.min(rows, CALIBRATION_IMAGES) }, (_, row) => row);
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

function calibrationSample(loaded: Loaded, isOnProjections = false): Matrix {
  const set = loaded.tasks[0]?.fit ?? loaded.pool;
  return calibrationRows((isOnProjections ? set.projections : undefined) ?? set.embeddings);
}

/** Projections of the same images, where the victim has them. */
function calibrationProjections(loaded: Loaded): Matrix | undefined {
  const { projections } = loaded.tasks[0]?.fit ?? loaded.pool;
  return projections === undefined ? undefined : calibrationRows(projections);
}

function calibrationRows(source: Matrix): Matrix {
  return matrixRows(source, 0, Math.min(source.rows, CALIBRATION_ROWS));
}

function cleanEmbeddings(task: Task): TaskEmbeddings {
  return taskEmbeddings(task, task.fit.embeddings, task.score.embeddings);
}

function taskEmbeddings(task: Task, fit: Matrix, score: Matrix): TaskEmbeddings {
  return {
    name: task.name,
    classes: task.classes.length,
    fit: { embeddings: fit, labels: task.fit.labels },
    score: { embeddings: score, labels: task.score.labels },
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
