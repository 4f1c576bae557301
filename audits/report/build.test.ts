import { expect, test } from 'vitest';
import type { AuditId, Cell, CellKey, CellWork, Measurement } from '../contract/cell.ts';
import type { AuditRow, AuditState, CellRow, PreparationRecord } from '../store/types.ts';
import { buildResult } from './build.ts';
import { resultSchema } from './result-schema.ts';
import { sampleResult } from './result.sample.ts';

const sample = sampleResult();
const preprocessing = sample.encoder.preprocessing;

const preparation: PreparationRecord = {
  inputs: {
    encoder: sample.encoder.digest,
    output: 'embedding',
    pooling: 'none',
    preprocessing,
    backbone: null,
    pool: sample.data.pool,
    tasks: sample.data.tasks,
    evaluation: sample.config.evaluation,
    numericsClass: 'test',
  },
  encoder: sample.encoder,
  preflight: sample.preflight,
  pool: sample.data.pool,
  tasks: sample.data.tasks.map((task) => ({ ...task, classes: ['cat', 'dog'] })),
  flags: [{ id: 'capped', severity: 'note', sentence: 'Rows were capped.', scope: 'audit' }],
  folder: 'prepared',
};

function auditIn(state: AuditState, prepared: PreparationRecord | null = preparation): AuditRow {
  return {
    id: '1a2b3c4d' as AuditId,
    createdAt: sample.createdAt,
    finishedAt: null,
    state,
    moatVersion: '0.1.0',
    config: { ...sample.config, seeds: 1, budgets: [500], defenses: [[]] },
    preparation: prepared,
    environment: { node: '24' },
    error: null,
  };
}

function cellOf(key: string, work: CellWork, change: Partial<CellRow> = {}): CellRow {
  const cell: Cell = {
    key: key as CellKey,
    work,
    attackLabel: work.kind === 'attack' ? work.attack.id : null,
    defenseLabel: work.kind === 'attack' ? 'none' : null,
    estimatedMs: 1000,
  };
  return {
    ...cell,
    state: 'done',
    startedAt: null,
    finishedAt: null,
    elapsedMs: 1500.4,
    attempts: 1,
    diagnostics: {},
    ledger: [],
    artifacts: [],
    error: null,
    reason: null,
    ...change,
  };
}

const attack = (id: string, budget: number): CellWork => ({
  kind: 'attack',
  attack: { id, version: 1, config: {} },
  defense: [],
  budget,
  accounts: 1,
  seed: 0,
  surrogate: sample.config.surrogate,
});
const accuracy = (share: number): readonly Measurement[] => [
  {
    metric: 'probe-accuracy',
    task: 'cifar10',
    value: share,
    unit: 'fraction',
    n: 100,
    items: Float32Array.from({ length: 100 }, (_, i) => (i < share * 100 ? 1 : 0)),
  },
];

const ledger = [{ account: 0, rows: 500, uniqueInputs: 500, bytesSent: 1, bytesReceived: 1 }];
const cells = [
  cellOf('victim', { kind: 'victim', seed: 0 }),
  cellOf('control', attack('no-victim', 0)),
  cellOf('theft', attack('direct-extraction', 500), { ledger }),
  cellOf('waiting', attack('backbone-stitching', 500), { state: 'pending', elapsedMs: null }),
];
const measurements = new Map<CellKey, readonly Measurement[]>([
  ['victim' as CellKey, accuracy(0.9)],
  ['control' as CellKey, accuracy(0.4)],
  ['theft' as CellKey, accuracy(0.8)],
]);

test('rows become a result that the published schema accepts, after a trip through JSON too', () => {
  const result = buildResult({ audit: auditIn('completed'), cells, measurements });
  expect(resultSchema.parse(JSON.parse(JSON.stringify(result)))).toEqual(result);
});

test('the numbers of the cells arrive in matrix, baselines and cost', () => {
  const result = buildResult({ audit: auditIn('completed'), cells, measurements });
  const theft = result.matrix.find((cell) => cell.attack === 'direct-extraction');
  expect(theft?.stolenGain?.value).toBeCloseTo((0.8 - 0.4) / (0.9 - 0.4), 6);
  expect(result.baselines[0]?.victimProbe?.value).toBeCloseTo(0.9, 6);
  expect(result.cost).toEqual({ queries: 500, dollars: 0.05, elapsedMs: 4501 });
});

test('what did not run is in the matrix as such, without a number', () => {
  const result = buildResult({ audit: auditIn('cancelled'), cells, measurements });
  const waiting = result.matrix.find((cell) => cell.attack === 'backbone-stitching');
  expect(waiting).toMatchObject({ state: 'pending', stolenGain: null, seedsDone: 0 });
});

test('when each cell ran, on which worker, and that a cell of an earlier audit took no time', () => {
  const at = (seconds: number): string =>
    new Date(Date.parse(sample.createdAt) + seconds * 1000).toISOString();
  const ran = [
    cellOf('theft', attack('direct-extraction', 500), {
      startedAt: at(2),
      finishedAt: at(5),
      diagnostics: { worker: 2 },
    }),
    cellOf('victim', { kind: 'victim', seed: 0 }, { startedAt: at(1), finishedAt: at(2) }),
    cellOf('control', attack('no-victim', 0), { startedAt: at(-60), finishedAt: at(-50) }),
    cellOf('broken', attack('repeat-averaging', 500), {
      state: 'failed',
      elapsedMs: null,
      startedAt: at(3),
      finishedAt: at(4),
    }),
    cellOf('waiting', attack('backbone-stitching', 500), { state: 'pending', elapsedMs: null }),
  ];
  const { timeline } = buildResult({ audit: auditIn('completed'), cells: ran, measurements });
  expect(timeline?.reused).toBe(1);
  expect(timeline?.cells.map(({ key, startMs, endMs, worker }) => [key, startMs, endMs, worker])).toEqual([
    ['victim', 1000, 2000, null],
    ['theft', 2000, 5000, 2],
    ['broken', 3000, 4000, null],
  ]);
  expect(timeline?.cells.at(-1)).toMatchObject({ state: 'failed', elapsedMs: null });
  expect(buildResult({ audit: auditIn('completed'), cells, measurements })).not.toHaveProperty('timeline');
});

test('what the preparation flagged stays flagged', () => {
  const result = buildResult({ audit: auditIn('completed'), cells, measurements });
  expect(result.flags.map((flag) => flag.id)).toContain('capped');
});

test.each<[AuditState, string]>([
  ['completed', 'completed'],
  ['cancelled', 'cancelled'],
  ['failed', 'incomplete'],
  ['interrupted', 'incomplete'],
  ['running', 'incomplete'],
])('an audit that is %s has a result that is %s', (state, expected) => {
  expect(buildResult({ audit: auditIn(state), cells, measurements }).state).toBe(expected);
});

test('an audit that was never prepared has nothing to report', () => {
  expect(() => buildResult({ audit: auditIn('failed', null), cells: [], measurements })).toThrow(RangeError);
});
