import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import type { AuditId, CellKey, CellState } from '../contract/cell.ts';
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

const audits = ['first', 'second'] as const;
const anyAudit = fc.constantFrom(...audits);
const anyKey = fc.constantFrom('a', 'b', 'c');
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
  readonly cells = new Map<string, { state: CellState; attempts: number; value: number | null }>();
  readonly plans = new Map(audits.map((audit) => [audit, new Map<string, CellState>()]));

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

  expected(audit: (typeof audits)[number]): readonly { readonly key: string }[] {
    return [...(this.plans.get(audit) ?? [])].map(([key, planned]) => {
      const cell = this.cells.get(key);
      const state = planned === 'pending' || cell?.state === 'done' ? cell?.state : planned;
      return { key, state, attempts: cell?.attempts, hasError: state === 'failed', value: cell?.value };
    });
  }
}

/** One round's audits and cells in the database that all rounds share. */
class Round {
  readonly #number: number;
  constructor(number: number) {
    this.#number = number;
  }
  audit = (name: string): AuditId => auditId(`${name}-${this.#number}`);
  key = (name: string): CellKey => cellKey(`${name}-${this.#number}`);

  apply(store: Store, step: Exclude<Step, { type: 'reopen' }>, value: number): void {
    if (step.type === 'plan') {
      const cell = plannedCell('', { key: this.key(step.key), state: step.state, reason: 'why' });
      store.cells.plan(this.audit(step.audit), [cell]);
    } else if (step.type === 'requeue') store.cells.requeue(this.audit(step.audit), step);
    else if (step.type === 'run') store.cells.setRunning(this.key(step.key), startedAt);
    else if (step.type === 'finish')
      store.cells.finish(this.key(step.key), outcome([measurement(value)]), finishedAt);
    else {
      const error = new MoatError('worker-died', 'It died.');
      store.cells.fail(this.key(step.key), error.toJSON(), finishedAt);
    }
  }

  seen(store: Store, name: string): readonly object[] {
    const measured = store.measurements.byAudit(this.audit(name));
    return store.cells.byAudit(this.audit(name)).map(({ key, state, attempts, error }) => ({
      key,
      state,
      attempts,
      hasError: error !== null,
      value: measured.get(key)?.[0]?.value ?? null,
    }));
  }
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
  const file = path.join(folder, 'audits.db');
  const open = (): Store => openStore(file, { mode: 'write', clock: fixedClock });
  let store = open();
  let rounds = 0;
  fc.assert(
    fc.property(fc.array(anyStep, { minLength: 1, maxLength: 25 }), (steps) => {
      const round = new Round(rounds++);
      const model = new Model();
      for (const name of audits) createAudit(store, round.audit(name));
      for (const [value, step] of steps.entries()) {
        if (step.type === 'reopen') {
          store.close();
          store = open();
        } else {
          const accepted = accepts(() => round.apply(store, step, value));
          expect(accepted).toBe(model.apply(step, value));
        }
        for (const name of audits) {
          const expected = model.expected(name).map((cell) => ({ ...cell, key: round.key(cell.key) }));
          expect(round.seen(store, name)).toEqual(expected);
        }
      }
    }),
    { numRuns: 40, seed: 7 },
  );
  store.close();
}, 30_000);
