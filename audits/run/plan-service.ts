import type { AuditConfig } from '../contract/audit.ts';
import type { AuditInputs, DatasetDigest } from '../contract/cell.ts';
import { MoatError } from '../contract/errors.ts';
import { describeEndpoint } from '../endpoint/endpoint.ts';
import { planCells, type PlannedCell } from '../plan/cells.ts';
import { summarizePlan, type PlanSummary } from '../plan/summary.ts';
import { createRng } from '../rng.ts';
import { planPool, planTask } from './read-data.ts';

export interface ServicePlan {
  readonly cells: readonly PlannedCell[];
  readonly summary: PlanSummary;
  /** Upper bound of the images of pool and tasks, each of which is asked for once. */
  readonly imagesToAsk: number;
}

/**
 * What an audit of a deployed service would do, without asking it: data sets are listed, nothing is decoded, so the
 * cells have no final keys yet.
 * @throws MoatError `dataset-*`
 */
export async function planService(config: AuditConfig): Promise<ServicePlan> {
  if (config.endpoint === undefined) throw new MoatError('internal', 'This audit asks no service.');
  const rng = createRng(config.seed).derive('data');
  const tasks = [];
  for (const source of config.tasks) tasks.push(await planTask(source, config, rng));
  const pool = await planPool(config, rng);
  const listed = (name: string, rows: number): DatasetDigest => ({ name, digest: '', rows });
  const poolRows = Math.min(
    pool.wanted,
    pool.sources.reduce((sum, { candidates }) => sum + candidates.length, 0),
  );
  const { digest, output, pooling, preprocessing } = describeEndpoint({
    url: config.encoder,
    settings: config.endpoint,
  });
  const inputs: AuditInputs = {
    encoder: digest,
    output,
    pooling,
    preprocessing,
    backbone: config.backbone,
    pool: listed('pool', poolRows),
    tasks: tasks.map(({ name, fit, score }) => ({
      name,
      fit: listed('fit', fit.length),
      score: listed('score', score.length),
    })),
    evaluation: config.evaluation,
    numericsClass: '',
  };
  const cells = planCells(config, inputs);
  const ofTasks = tasks.reduce((sum, { fit, score }) => sum + fit.length + score.length, 0);
  return { cells, summary: summarizePlan(config, cells), imagesToAsk: ofTasks + poolRows };
}
