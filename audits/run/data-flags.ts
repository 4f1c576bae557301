import type { Flag } from '../contract/result.ts';
import type { PoolData, TaskData } from './read-data.ts';

/** What reading the data showed, as flags of the report. */
export function dataFlags(pool: PoolData, tasks: readonly TaskData[]): readonly Flag[] {
  const flags: Flag[] = [];
  if (pool.removed > 0)
    flags.push({
      id: 'pool-overlaps-evaluation',
      severity: 'note',
      scope: 'audit',
      sentence: `${pool.removed} pool image${pool.removed === 1 ? ' was an evaluation image, or nearly one, and was' : 's were evaluation images, or nearly, and were'} taken out of the pool.`,
    });
  if (pool.repeated > 0)
    flags.push({
      id: 'pool-repeats-images',
      severity: 'note',
      scope: 'audit',
      sentence: `${pool.repeated} pool image${pool.repeated === 1 ? ' was a copy of another and was' : 's were copies of others and were'} left out.`,
    });
  for (const sentence of pool.warnings)
    flags.push({ id: 'pool-data', severity: 'note', scope: 'audit', sentence });
  if (pool.overlapWithFit > 0)
    flags.push({
      id: 'pool-overlaps-probe-training',
      severity: 'note',
      scope: 'audit',
      sentence: `${pool.overlapWithFit} of ${pool.images.count} pool images also train the probe of a task.`,
    });
  const broken = pool.corrupt.length + tasks.reduce((sum, task) => sum + task.corrupt.length, 0);
  if (broken > 0)
    flags.push({
      id: 'corrupt-images',
      severity: 'note',
      scope: 'audit',
      sentence: `${broken} image${broken === 1 ? '' : 's'} could not be read and ${broken === 1 ? 'was' : 'were'} left out.`,
    });
  for (const task of tasks)
    for (const warning of task.warnings)
      flags.push({ id: 'task-data', severity: 'note', scope: `task:${task.name}`, sentence: warning });
  return flags;
}
