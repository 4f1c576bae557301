import type { Flag } from '../contract/result.ts';
import type { PreparedTask } from './prepare.ts';
import type { SetSummary } from './prepare-set.ts';
import type { PoolTally } from './read-data.ts';

export interface PreparedPool {
  readonly images: SetSummary;
  readonly tally: PoolTally;
  readonly warnings: readonly string[];
}

/** What reading the data showed, as flags of the report. */
export function dataFlags(
  { images, tally, warnings }: PreparedPool,
  tasks: readonly PreparedTask[],
): readonly Flag[] {
  const flags: Flag[] = [];
  const fitted = new Set(tasks.flatMap((task) => task.fit.hashes));
  const overlapWithFit = images.hashes.filter((hash) => fitted.has(hash)).length;
  if (tally.removed > 0)
    flags.push({
      id: 'pool-overlaps-evaluation',
      severity: 'note',
      scope: 'audit',
      sentence: `${tally.removed} pool image${tally.removed === 1 ? ' was an evaluation image, or nearly one, and was' : 's were evaluation images, or nearly, and were'} taken out of the pool.`,
    });
  if (tally.repeated > 0)
    flags.push({
      id: 'pool-repeats-images',
      severity: 'note',
      scope: 'audit',
      sentence: `${tally.repeated} pool image${tally.repeated === 1 ? ' was a copy of another and was' : 's were copies of others and were'} left out.`,
    });
  for (const sentence of warnings)
    flags.push({ id: 'pool-data', severity: 'note', scope: 'audit', sentence });
  if (overlapWithFit > 0)
    flags.push({
      id: 'pool-overlaps-probe-training',
      severity: 'note',
      scope: 'audit',
      sentence: `${overlapWithFit} of ${images.hashes.length} pool images also train the probe of a task.`,
    });
  const broken = tally.corrupt.length + tasks.reduce((sum, task) => sum + task.corrupt.length, 0);
  if (broken > 0)
    flags.push({
      id: 'corrupt-images',
      severity: 'note',
      scope: 'audit',
      sentence: `${broken} image${broken === 1 ? '' : 's'} could not be read and ${broken === 1 ? 'was' : 'were'} left out.`,
    });
  for (const task of tasks)
    for (const warning of taskWarnings(task))
      flags.push({ id: 'task-data', severity: 'note', scope: `task:${task.plan.name}`, sentence: warning });
  return flags;
}

function taskWarnings({ plan, fit, score }: PreparedTask): readonly string[] {
  const scored = new Set(score.hashes);
  const shared = fit.hashes.filter((hash) => scored.has(hash)).length;
  return shared === 0
    ? plan.warnings
    : [...plan.warnings, `${plan.name}: ${shared} of the images to fit are also among those to score.`];
}
