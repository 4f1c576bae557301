import type { AuditConfig } from '../contract/audit.ts';
import type { AuditInputs, DatasetDigest } from '../contract/cell.ts';
import type { EncoderDescription } from '../contract/encoder.ts';
import { planCells, type PlannedCell } from '../plan/cells.ts';
import { victimCost } from '../plan/cost.ts';
import { preparationMs } from '../plan/preparation-cost.ts';
import { summarizePlan, type PlanSummary } from '../plan/summary.ts';
import { createRng } from '../rng.ts';
import { planPool, planTask } from './read-data.ts';

export interface ListedPlan {
  readonly cells: readonly PlannedCell[];
  readonly summary: PlanSummary;
  /** Upper bound of the images of pool and tasks, each of which the victim embeds once. */
  readonly images: number;
}

/** What a plan needs to know of an encoder that is not prepared. */
export type ListedVictim = Pick<EncoderDescription, 'digest' | 'output' | 'pooling' | 'preprocessing'> & {
  /** Where they were measured. */
  readonly imagesPerSecond?: number | undefined;
  readonly dimension?: number | undefined;
};

/**
 * What an audit would do, told from lists alone: nothing is decoded or embedded, so the cells have no final keys, and
 * copies among the images are counted as images.
 * @throws MoatError `dataset-*`
 */
export async function planListed(config: AuditConfig, victim: ListedVictim): Promise<ListedPlan> {
  const rng = createRng(config.seed).derive('data');
  const tasks = [];
  for (const source of config.tasks) tasks.push(await planTask(source, config, rng));
  const pool = await planPool(config, rng);
  const listed = (name: string, rows: number): DatasetDigest => ({ name, digest: '', rows });
  const candidates = pool.sources.flatMap((source) => source.candidates);
  const poolRows = Math.min(pool.wanted, candidates.length);
  const hasLabels = candidates.some(({ ref }) => ref.label !== null);
  const { digest, output, pooling, preprocessing } = victim;
  const inputs: AuditInputs = {
    encoder: digest,
    output,
    pooling,
    preprocessing,
    backbone: config.backbone,
    ...(config.encoderOptions.projection === undefined
      ? {}
      : { projection: config.encoderOptions.projection }),
    pool: listed('pool', poolRows),
    ...(hasLabels ? { poolClasses: pool.classes } : {}),
    tasks: tasks.map(({ name, fit, score }) => ({
      name,
      fit: listed('fit', fit.length),
      score: listed('score', score.length),
    })),
    evaluation: config.evaluation,
    numericsClass: '',
    ...(config.ownership === undefined ? {} : { ownership: listedOwnership(config.ownership) }),
  };
  const cost = victimCost(config, victim.imagesPerSecond, victim.dimension);
  const cells = planCells(config, inputs, cost);
  const scoredImages = tasks.reduce((sum, { score }) => sum + score.length, 0);
  const images = tasks.reduce((sum, { fit }) => sum + fit.length, 0) + scoredImages + poolRows;
  const encoders = [inputs.encoder, inputs.projection, inputs.backbone ?? undefined];
  const toPrepare = {
    images,
    poolImages: poolRows,
    scoredImages,
    encoders: encoders.filter((each) => each !== undefined).length,
  };
  const summary = summarizePlan(config, cells, { preparationMs: preparationMs(toPrepare, cost) });
  return { cells, summary, images };
}

/** Named by their places: two files of one content count as two. */
function listedOwnership({
  zoo,
  private: own,
  public: strangers,
}: NonNullable<AuditConfig['ownership']>): NonNullable<AuditInputs['ownership']> {
  return {
    private: own ?? null,
    public: strangers ?? null,
    independent: zoo.map((file) => ({ file, identity: file })),
  };
}
