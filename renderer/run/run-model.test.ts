import { expect, test } from 'vitest';
import type { AuditSnapshot, BridgeEvent, CellEntry } from '../../audits/contract/bridge.ts';
import type { AuditId, CellKey, CellState } from '../../audits/contract/cell.ts';
import { labelOf, LOG_LINES, RunModel } from './run-model.ts';

const LIFE = 'life-1';
const AUDIT = 'aaaa0000' as AuditId;

function cell(number: number, change: Partial<CellEntry> = {}): CellEntry {
  return {
    key: `key-${number}` as CellKey,
    kind: 'attack',
    state: 'pending',
    attack: `attack-${number % 25}`,
    defense: `defense-${Math.floor(number / 25) % 40}`,
    budget: 500,
    accounts: 1,
    seed: Math.floor(number / 1000),
    fraction: 0,
    elapsedMs: null,
    stolenGain: null,
    reason: null,
    ...change,
  };
}

function snapshot(cells: readonly CellEntry[], change: Partial<AuditSnapshot> = {}): AuditSnapshot {
  return {
    entry: {
      id: AUDIT,
      createdAt: '2026-01-01T00:00:00.000Z',
      finishedAt: null,
      state: 'running',
      encoder: 'encoder.onnx',
      preset: 'quick',
      cellsTotal: cells.length,
      cellsDone: 0,
      cellsFailed: 0,
      tags: [],
      note: '',
      deletedAt: null,
      verdict: null,
    },
    engineLife: LIFE,
    sequence: 100,
    stage: 'running',
    fraction: 0,
    etaMs: null,
    cells,
    log: [],
    error: null,
    ...change,
  };
}

function loaded(count: number): RunModel {
  const model = new RunModel(AUDIT);
  model.load(snapshot(Array.from({ length: count }, (_, i) => cell(i))));
  model.takeChanged();
  return model;
}

function run(sequence: number, event: Extract<BridgeEvent['event'], { type: 'run' }>['run']): BridgeEvent {
  return { sequence, engineLife: LIFE, event: { type: 'run', auditId: AUDIT, run: event } };
}

const changeTo = (
  number: number,
  state: CellState,
): Extract<BridgeEvent['event'], { type: 'run' }>['run'] => ({
  type: 'cell',
  key: `key-${number}` as CellKey,
  state,
  label: labelOf(cell(number)),
});

test('a cell that begins, moves on and ends is counted once in each state', () => {
  const model = loaded(3);
  expect(model.accept(run(101, changeTo(1, 'running')))).toBe('applied');
  expect(model.counts).toMatchObject({ pending: 2, running: 1, done: 0 });
  model.accept(
    run(102, {
      type: 'progress',
      cellsDone: 0,
      cellsTotal: 3,
      fraction: 0.1,
      etaMs: 60_000,
      running: [{ label: labelOf(cell(1)), fraction: 0.3, stage: 'training' }],
    }),
  );
  expect(model.cells.get('key-1' as CellKey)?.fraction).toBe(0.3);
  expect(model.running).toEqual([
    { key: 'key-1', label: labelOf(cell(1)), fraction: 0.3, stage: 'training' },
  ]);
  model.accept({
    sequence: 103,
    engineLife: LIFE,
    event: {
      type: 'cell-result',
      auditId: AUDIT,
      cell: cell(1, { state: 'done', fraction: 1, stolenGain: 0.8 }),
    },
  });
  expect(model.counts).toMatchObject({ pending: 2, running: 0, done: 1 });
  expect([...model.takeChanged()]).toEqual(['key-1']);
  expect(model.takeChanged().size).toBe(0);
});

test('less than a whole per cent changes no cell', () => {
  const model = loaded(2);
  model.accept(run(101, changeTo(0, 'running')));
  const progress = (fraction: number) => ({
    type: 'progress' as const,
    cellsDone: 0,
    cellsTotal: 2,
    fraction: 0,
    etaMs: null,
    running: [{ key: 'key-0' as CellKey, label: 'whatever', fraction, stage: '' }],
  });
  model.accept(run(102, progress(0.25)));
  model.takeChanged();
  model.accept(run(103, progress(0.2549)));
  expect(model.takeChanged().size).toBe(0);
  model.accept(run(104, progress(0.26)));
  expect([...model.takeChanged()]).toEqual(['key-0']);
});

test('events that are in the snapshot already are ignored; a gap or another life asks for a new one', () => {
  const model = loaded(2);
  expect(model.accept(run(100, changeTo(0, 'running')))).toBe('ignored');
  expect(model.counts.running).toBe(0);
  expect(model.accept(run(102, changeTo(0, 'running')))).toBe('refresh');
  expect(model.counts.running).toBe(0);
  expect(model.accept({ ...run(101, changeTo(0, 'running')), engineLife: 'life-2' })).toBe('refresh');
  expect(model.accept(run(101, changeTo(0, 'running')))).toBe('applied');
});

test('events of other audits count in the order, and change nothing', () => {
  const model = loaded(1);
  const other = { type: 'run', auditId: 'bbbb0000' as AuditId, run: changeTo(0, 'failed') } as const;
  expect(model.accept({ sequence: 101, engineLife: LIFE, event: other })).toBe('ignored');
  expect(model.counts.failed).toBe(0);
  expect(model.accept(run(102, changeTo(0, 'running')))).toBe('applied');
});

test('a cell nobody knew, and a stage that plans cells, ask for a new snapshot', () => {
  const model = loaded(1);
  expect(model.accept(run(101, changeTo(7, 'running')))).toBe('refresh');
  expect(model.accept(run(102, { type: 'stage', stage: 'running', sentence: 'Running 3 cells' }))).toBe(
    'refresh',
  );
  expect(model.load(snapshot([cell(0), cell(7)])).cellsDiffer).toBe(true);
  expect(model.load(snapshot([cell(0), cell(7)])).cellsDiffer).toBe(false);
});

test('a failure keeps its sentence', () => {
  const model = loaded(1);
  model.accept(
    run(101, {
      type: 'cell',
      key: 'key-0' as CellKey,
      state: 'failed',
      label: labelOf(cell(0)),
      error: { code: 'training-diverged', message: 'The loss is not finite.', details: {} },
    }),
  );
  expect(model.cells.get('key-0' as CellKey)).toMatchObject({
    state: 'failed',
    reason: 'The loss is not finite.',
  });
});

test('an hour of 50 events a second on 10 000 cells leaves the same counts of everything', () => {
  const cells = 10_000;
  const model = loaded(cells);
  const changedAtOnce: number[] = [];
  for (let i = 0; i < 180_000; i++) {
    const sequence = 101 + i;
    const number = i % cells;
    const event =
      i % 3 === 0
        ? changeTo(number, i % 2 === 0 ? 'running' : 'done')
        : i % 3 === 1
          ? ({ type: 'log', level: 'info', message: `line ${i}` } as const)
          : ({
              type: 'progress',
              cellsDone: number,
              cellsTotal: cells,
              fraction: number / cells,
              etaMs: 1000,
              running: [{ key: `key-${number}` as CellKey, label: '', fraction: 0.5, stage: '' }],
            } as const);
    model.accept(run(sequence, event));
    // A frame now and then, as a window does; a hidden window has none for a long time.
    if (i % 50_000 === 0) changedAtOnce.push(model.takeChanged().size);
  }
  expect(model.sequence).toBe(180_100);
  expect(model.cells.size).toBe(cells);
  expect(Object.values(model.counts).reduce((sum, count) => sum + count, 0)).toBe(cells);
  expect(model.log).toHaveLength(LOG_LINES);
  expect(model.log.at(-1)?.message).toBe('line 179998');
  expect(Math.max(...changedAtOnce, model.takeChanged().size)).toBeLessThanOrEqual(cells);
});
