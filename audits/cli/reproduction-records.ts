import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { AuditId } from '../contract/cell.ts';
import type { OwnershipJudgement } from '../contract/ownership.ts';
import type { StepResult } from '../reproduce/read-table.ts';
import type { AuditStep, OwnStep, Step } from '../reproduce/table.ts';
import { writeFileAtomic } from '../run/files.ts';
import { systemClock } from '../run/system-clock.ts';
import { openStore } from '../store/open.ts';
import type { Store } from '../store/types.ts';

/** What the steps of a reproduction leave in its folder, and what is read from it. */

/** What a step's command left: its words, its time, its answer. */
export interface StepRecord {
  /** Of everything it was asked; another key is another question. */
  readonly key: string;
  readonly command: readonly string[];
  readonly wallMs: number;
  readonly answer: StepAnswer;
}

export type StepAnswer =
  | { readonly kind: 'train' }
  | { readonly kind: 'audit'; readonly auditId: AuditId }
  | { readonly kind: 'own'; readonly judgement: OwnershipJudgement };

export const databaseOf = (folder: string): string => path.join(folder, 'reproduction.db');

/** What an earlier run of this step left; undefined where nothing did. */
export function readRecord(step: Pick<Step, 'id'>, table: string, folder: string): StepRecord | undefined {
  const file = recordFile(step, table, folder);
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as StepRecord) : undefined;
}

export function writeRecord(step: Pick<Step, 'id'>, table: string, folder: string, record: StepRecord): void {
  writeFileAtomic(recordFile(step, table, folder), [JSON.stringify(record)]);
}

function recordFile({ id }: Pick<Step, 'id'>, table: string, folder: string): string {
  return path.join(folder, `${table}-${id}.json`);
}

/** The exported network of seed 0; undefined where that theft was not made. */
export function copyFile(folder: string, audit: AuditId, attack: string, budget: number): string | undefined {
  return withStore(folder, (store) => {
    const cell = store.cells
      .byAudit(audit)
      .find(
        ({ work, attackLabel }) =>
          work.kind === 'attack' && work.seed === 0 && work.budget === budget && attackLabel === attack,
      );
    const file = cell?.artifacts.find(({ kind }) => kind === 'surrogate-onnx')?.path;
    return file === undefined ? undefined : path.join(store.artifactFolder, file);
  });
}

/** A step's values, from the database or the record. */
export function resultOf(
  step: AuditStep | OwnStep,
  { answer }: StepRecord,
  folder: string,
): StepResult | undefined {
  if (answer.kind === 'audit' && step.kind === 'audit')
    return withStore(folder, (store) => ({
      kind: 'audit',
      cells: store.cells.byAudit(answer.auditId),
      measurements: store.measurements.byAudit(answer.auditId),
    }));
  if (answer.kind !== 'own') return undefined;
  const [finding] = answer.judgement.findings;
  const reading = finding?.reading;
  const { distance, deviation } = reading?.figures ?? {};
  const pooled = finding?.withinModel?.pooled;
  // Both a distance and a rate are means of n values.
  const error = deviation === undefined || reading === undefined ? null : deviation / Math.sqrt(reading.n);
  const figure = (value: number | undefined, standardError: number | null = null) =>
    value === undefined ? null : { value, standardError };
  const inPercent = (value: number): number => value * 100;
  return {
    kind: 'own',
    figures: {
      distance: figure(distance, error),
      rate: figure(
        reading === undefined ? undefined : inPercent(reading.statistic),
        error === null ? null : inPercent(error),
      ),
      difference: figure(pooled?.difference),
      p: figure(pooled?.p),
      t: figure(pooled?.t),
    },
  };
}

function withStore<T>(folder: string, read: (store: Store) => T): T {
  const store = openStore(databaseOf(folder), { mode: 'read', clock: systemClock });
  try {
    return read(store);
  } finally {
    store.close();
  }
}
