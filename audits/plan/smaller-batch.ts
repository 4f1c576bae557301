import type { AuditInputs, Cell } from '../contract/cell.ts';
import type { SerializedError } from '../contract/errors.ts';
import { estimateMs } from './cost.ts';
import { cellKey, digestOf } from './key.ts';

/**
 * The cell to run in place of one whose batch did not fit the device: the same with a smaller batch, under its own key,
 * since its numbers are others. Nothing when the error asks for none.
 */
export function withSmallerBatch<Planned extends Cell>(
  cell: Planned,
  error: Pick<SerializedError, 'code' | 'details'>,
  inputs: AuditInputs,
  auditSeed: number,
): Planned | undefined {
  const { smallerBatchSize: batchSize } = error.details;
  if (error.code !== 'device-out-of-memory' || cell.work.kind !== 'attack') return undefined;
  if (typeof batchSize !== 'number' || batchSize >= cell.work.surrogate.batchSize) return undefined;
  const work = { ...cell.work, surrogate: { ...cell.work.surrogate, batchSize } };
  const longerMs = estimateMs(work, inputs) - estimateMs(cell.work, inputs);
  return {
    ...cell,
    work,
    key: cellKey(inputs, work, auditSeed),
    estimatedMs: cell.estimatedMs + longerMs,
  };
}

/**
 * The planned cells of an audit that goes on: where it went on with a smaller batch, that cell again. A new audit tries the
 * whole batch, since the device may be another.
 * @param stored the audit's cells so far
 */
export function keepSmallerBatches<Planned extends Cell>(
  planned: readonly Planned[],
  stored: readonly Cell[],
): readonly Planned[] {
  const known = new Set(stored.map(({ key }) => key));
  const byOtherwise = new Map(stored.map((cell) => [digestWithoutBatch(cell), cell]));
  return planned.map((cell) => {
    const kept = known.has(cell.key) ? undefined : byOtherwise.get(digestWithoutBatch(cell));
    return kept === undefined
      ? cell
      : { ...cell, key: kept.key, work: kept.work, estimatedMs: kept.estimatedMs };
  });
}

function digestWithoutBatch({ work }: Cell): string {
  return digestOf(
    work.kind === 'attack' ? { ...work, surrogate: { ...work.surrogate, batchSize: null } } : work,
  );
}
