import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import type { CellKey, CellState } from '../contract/cell.ts';
import { MoatError } from '../contract/errors.ts';
import {
  auditId,
  cellKey,
  createAudit,
  finishedAt,
  fixedClock,
  measurement,
  outcome,
  plannedCell,
  startedAt,
} from './fixtures/example.ts';
import { openStore } from './open.ts';
import type { Store } from './types.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'moat-sequences-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const audits = [auditId('first'), auditId('second')] as const;
const keys = ['a', 'b', 'c'].map(cellKey);

const anyAudit = fc.constantFrom(...audits);
const anyKey = fc.constantFrom(...keys);
const anyStep = fc.oneof(
  fc.record({
    type: fc.constant('plan' as const),
    audit: anyAudit,
    key: anyKey,
    state: fc.constantFrom<CellState>('pending', 'pending', 'not-run'),
  }),
  fc.record({ type: fc.constantFrom('run' as const, 'finish' as const, 'fail' as const), key: anyKey }),
  fc.record({ type: fc.constant('requeue' as const), audit: anyAudit, failed: fc.boolean() }),
  fc.record({ type: fc.constant('reopen' as const) }),
);
type Step = typeof anyStep extends fc.Arbitrary<infer Value> ? Value : never;

/** What the store must say, written down independently: one state a key, one plan an audit. */
class Model {
  readonly cells = new Map<CellKey, { state: CellState; attempts: number; value: number | null }>();
  readonly plans = new Map(audits.map((id) => [id, new Map<CellKey, CellState>()]));

  /** @returns whether the store must accept the step */
  apply(step: Step, value: number): boolean {
    if (step.type === 'reopen') return true;
    if (step.type === 'plan') {
      if (!this.cells.has(step.key)) this.cells.set(step.key, { state: 'pending', attempts: 0, value: null });
      this.plans.get(step.audit)?.set(step.key, step.state);
      return true;
    }
    if (step.type === 'requeue') {
      for (const key of this.plans.get(step.audit)?.keys() ?? []) {
        const cell = this.cells.get(key);
        if (cell?.state === 'running' || (step.failed && cell?.state === 'failed')) cell.state = 'pending';
      }
      return true;
    }
    const cell = this.cells.get(step.key);
    if (cell === undefined) return false;
    if (cell.state === 'done') return step.type === 'finish';
    if (step.type === 'run') cell.attempts += 1;
    if (step.type === 'finish') cell.value = value;
    cell.state = step.type === 'run' ? 'running' : step.type === 'finish' ? 'done' : 'failed';
    return true;
  }

  expected(id: (typeof audits)[number]): readonly object[] {
    return [...(this.plans.get(id) ?? [])].map(([key, planned]) => {
      const cell = this.cells.get(key);
      const state = planned === 'pending' || cell?.state === 'done' ? cell?.state : planned;
      return { key, state, attempts: cell?.attempts, hasError: state === 'failed', value: cell?.value };
    });
  }
}

function applyToStore(store: Store, step: Exclude<Step, { type: 'reopen' }>, value: number): void {
  if (step.type === 'plan')
    store.cells.plan(step.audit, [plannedCell('', { key: step.key, state: step.state, reason: 'why' })]);
  else if (step.type === 'requeue') store.cells.requeue(step.audit, step);
  else if (step.type === 'run') store.cells.setRunning(step.key, startedAt);
  else if (step.type === 'finish') store.cells.finish(step.key, outcome([measurement(value)]), finishedAt);
  else store.cells.fail(step.key, new MoatError('worker-died', 'It died.').toJSON(), finishedAt);
}

function accepts(action: () => void): boolean {
  try {
    action();
    return true;
  } catch (thrown) {
    expect(thrown).toMatchObject({ code: 'internal' });
    return false;
  }
}

test('whatever order things happen in, two audits agree on their cells and no result changes', () => {
  let runs = 0;
  fc.assert(
    fc.property(fc.array(anyStep, { minLength: 1, maxLength: 25 }), (steps) => {
      const file = path.join(folder, `${runs++}.db`);
      let store = openStore(file, { mode: 'write', clock: fixedClock });
      try {
        for (const id of audits) createAudit(store, id);
        const model = new Model();
        for (const [value, step] of steps.entries()) {
          if (step.type === 'reopen') {
            store.close();
            store = openStore(file, { mode: 'write', clock: fixedClock });
          } else {
            const accepted = accepts(() => applyToStore(store, step, value));
            expect(accepted).toBe(model.apply(step, value));
          }
          for (const id of audits) {
            const measured = store.measurements.byAudit(id);
            const seen = store.cells.byAudit(id).map(({ key, state, attempts, error }) => ({
              key,
              state,
              attempts,
              hasError: error !== null,
              value: measured.get(key)?.[0]?.value ?? null,
            }));
            expect(seen).toEqual(model.expected(id));
          }
        }
      } finally {
        store.close();
        rmSync(file, { force: true });
      }
    }),
    { numRuns: 60, seed: 7 },
  );
});
