import path from 'node:path';
import type { CellOutcome, CellWork, Measurement } from '../contract/cell.ts';
import type { Clock } from '../contract/context.ts';
import { calibrateChain } from '../defenses/chain.ts';
import { MoatError } from '../contract/errors.ts';
import { evaluateVictim } from '../metrics/evaluate.ts';
import { createRng, type Rng } from '../rng.ts';
import { executeAttack } from './attack-cell.ts';
import { openBackbone } from './backbone.ts';
import { join, select } from './computed-streams.ts';
import { measureDetection, type StreamImages } from './detection-cell.ts';
import { measureHonestUsers } from './honest-cell.ts';
import type { JobContext, CellJob } from './jobs.ts';
import {
  CALIBRATION_ROWS,
  calibrationProjections,
  calibrationSample,
  cleanEmbeddings,
  load,
  type Loaded,
  type Task,
} from './loaded.ts';
import { measureOwnership, measureVictim } from './measure-ownership.ts';
import { openRecordings } from './recordings.ts';

/** Share of a detection cell's progress spent in making its streams; the rest is watching them. */
const STREAMS_SHARE = 0.8;

export interface CellExecutor {
  /** @throws MoatError whatever the cell failed of; `cancelled` at a safe point after an abort. */
  execute(job: CellJob, context: JobContext): Promise<CellOutcome>;
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

type Outcome = Omit<CellOutcome, 'elapsedMs'>;
const nothing = { diagnostics: {}, ledger: [], artifacts: [] } as const;

async function executeWork(
  job: CellJob,
  loaded: Loaded,
  context: JobContext,
  clock: Clock,
): Promise<Outcome> {
  const { work, config } = job;
  const seedRng = createRng(config.seed).derive(`seed/${work.seed}`);
  if (work.kind === 'attack') return executeAttack(job, work, loaded, seedRng, context);
  if (work.kind === 'independent')
    return { ...nothing, measurements: await testIndependent(job, work, loaded, context) };
  context.progress(0, work.kind === 'victim' ? 'measuring the victim' : 'measuring honest users');
  const metricContext = { engine: loaded.engine, rng: loaded.metricsRng, signal: context.signal };
  const clean = loaded.tasks.map(cleanEmbeddings);
  if (work.kind === 'victim') {
    const tested = work.ownership === undefined ? [] : await measureVictim(await loaded.ownership());
    return { ...nothing, measurements: [...(await evaluateVictim(metricContext, clean)), ...tested] };
  }
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

/** Ownership tests on an encoder that is known not to come from the victim. */
async function testIndependent(
  { preparation }: CellJob,
  { encoder: identity }: Extract<CellWork, { kind: 'independent' }>,
  { engine, ownership, tasks }: Loaded,
  context: JobContext,
): Promise<readonly Measurement[]> {
  context.progress(0, 'testing an independent encoder');
  const file = preparation.inputs.ownership?.independent.find((entry) => entry.identity === identity)?.file;
  const images = tasks[0]?.score.images();
  if (file === undefined || images === undefined)
    throw new MoatError('internal', `The independent encoder ${identity} is in no preparation.`);
  const opened = await openBackbone(engine, file);
  try {
    if (opened.identity !== identity)
      throw new MoatError('encoder-changed', `${file} is not the file with which this audit began.`);
    return await measureOwnership(await ownership(), {
      name: path.basename(file),
      scored: await opened.embed(images),
      embed: (others) => opened.embed(others),
    });
  } finally {
    await opened.dispose();
  }
}

/** Benign accounts send images of every task, but none that a defense was calibrated on. */
async function detectionMeasurements(
  { config }: CellJob,
  { defense, seed }: Extract<CellWork, { kind: 'detection' }>,
  loaded: Loaded,
  seedRng: Rng,
  context: JobContext,
): Promise<readonly Measurement[]> {
  const key = seedRng.derive('detection/defense');
  // A deployed service is asked for nothing that only a detector's test would need.
  const computed =
    config.endpoint === undefined
      ? await loaded.computedStreams(seed, seedRng.derive('detection/computed'), context.signal)
      : undefined;
  context.progress(STREAMS_SHARE, 'watching accounts');
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
