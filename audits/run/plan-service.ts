import type { AuditConfig } from '../contract/audit.ts';
import { MoatError } from '../contract/errors.ts';
import { describeEndpoint } from '../endpoint/endpoint.ts';
import type { PlannedCell } from '../plan/cells.ts';
import type { PlanSummary } from '../plan/summary.ts';
import { planListed } from './plan-listed.ts';

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
  const victim = describeEndpoint({ url: config.encoder, settings: config.endpoint });
  const { cells, summary, images } = await planListed(config, victim);
  return { cells, summary, imagesToAsk: images };
}
