import { resultSchemaVersion } from '../contract/result.ts';
import type {
  AuditResult,
  DefenseVerdict,
  DetectorEvaluation,
  Estimate,
  MatrixCell,
  OwnershipEvaluation,
  OwnershipRow,
  QueryCurve,
  RunTimeline,
  TheftCost,
  TransferPoint,
} from '../contract/result.ts';

/** A small, complete, made-up result for the tests of what reads results. */

export function sampleEstimate(value: number, halfWidth: number | null = 0.04): Estimate {
  return {
    value,
    low: halfWidth === null ? null : value - halfWidth,
    high: halfWidth === null ? null : value + halfWidth,
    unit: 'fraction',
    seeds: 3,
    items: 2000,
    method: 'two-level, 95 %',
  };
}

export function sampleCell(change: Partial<MatrixCell> = {}): MatrixCell {
  return {
    attack: 'direct-extraction',
    surrogate: 'small-cnn',
    queryPolicy: 'random',
    defense: 'none',
    budget: 2000,
    accounts: 1,
    task: 'cifar10',
    state: 'done',
    seedsDone: 3,
    seedsPlanned: 3,
    stolenGain: sampleEstimate(0.82),
    gains: [{ measure: 'probe', stolenGain: sampleEstimate(0.82) }],
    relativeAccuracy: sampleEstimate(0.95),
    probeAccuracy: sampleEstimate(0.75),
    knnAccuracy: sampleEstimate(0.7),
    fewLabelAccuracy: sampleEstimate(0.5),
    cka: sampleEstimate(0.6),
    neighborOverlap: sampleEstimate(0.3),
    fidelity: {
      agreement: sampleEstimate(0.7),
      neighborRecall: sampleEstimate(0.35),
      alignedR2: sampleEstimate(0.6),
      procrustesR2: sampleEstimate(0.5),
      rawCosine: null,
      rawL2: null,
      miScore: sampleEstimate(0.4),
    },
    queriesUsed: 2000,
    uniqueInputs: 2000,
    elapsedMs: 12_000,
    reason: null,
    errorCode: null,
    adaptive: false,
    cellKeys: ['k1', 'k2', 'k3'],
    ...change,
  };
}

export function sampleVerdict(change: Partial<DefenseVerdict> = {}): DefenseVerdict {
  return {
    defense: 'none',
    verdict: 'fail',
    reason: 'direct-extraction steals 0.82 [0.78, 0.86] of the victim.',
    strongestAttack: 'direct-extraction',
    worstStolenGain: sampleEstimate(0.82),
    protection: sampleEstimate(0, 0),
    honest: [
      {
        task: 'cifar10',
        breadth: 'broad',
        rows: 4000,
        isCounted: true,
        probeLoss: sampleEstimate(0.004, 0.003),
        knnLoss: sampleEstimate(0.012, 0.005),
        recallAt10: sampleEstimate(0.97, 0.01),
        refused: sampleEstimate(0, 0),
        driftCosine: sampleEstimate(0.99, 0.001),
        driftRecallAt10: sampleEstimate(0.96, 0.01),
      },
    ],
    overhead: { microseconds: 3.2, bytes: 512 },
    worstHonestLoss: sampleEstimate(0.012, 0.005),
    worstRecallAt10: sampleEstimate(0.97, 0.01),
    mustFace: ['direct-extraction'],
    missingAttacks: [],
    ...change,
  };
}

export function sampleCurve(change: Partial<QueryCurve> = {}): QueryCurve {
  return {
    defense: 'none',
    attack: null,
    accounts: null,
    points: [
      { budget: 500, stolenGain: sampleEstimate(0.51) },
      { budget: 2000, stolenGain: sampleEstimate(0.82) },
    ],
    area: sampleEstimate(0.66),
    crossings: [
      {
        level: 0.5,
        value: { queries: 500, relation: 'at-most' },
        low: { queries: 500, relation: 'at-most' },
        high: { queries: 572, relation: 'at' },
      },
      {
        level: 0.8,
        value: { queries: 1829, relation: 'at' },
        low: { queries: 1529, relation: 'at' },
        high: { queries: 2000, relation: 'more-than' },
      },
      {
        level: 0.9,
        value: { queries: 2000, relation: 'more-than' },
        low: { queries: 2000, relation: 'more-than' },
        high: null,
      },
    ],
    ...change,
  };
}

function sampleTheft(change: Partial<TheftCost> = {}): TheftCost {
  return {
    defense: 'none',
    level: 0.9,
    attack: 'direct-extraction',
    accounts: 1,
    queries: { queries: 2000, relation: 'more-than' },
    rows: 2000,
    labels: 0,
    dollars: 0.49,
    hours: 0.0033,
    charged: { dollars: 0, hours: 0 },
    shareOfTraining: 0.00049,
    ...change,
  };
}

export function sampleDetector(change: Partial<DetectorEvaluation> = {}): DetectorEvaluation {
  return {
    defense: 'near-duplicate-guard',
    benignStreams: 29,
    benign: [
      { kind: 'broad', streams: 8, alarmRate: sampleEstimate(0, null) },
      { kind: 're-indexing', streams: 16, alarmRate: sampleEstimate(0.75, 0.2) },
    ],
    attacks: [
      {
        kind: 'two-view',
        streams: 10,
        area: sampleEstimate(0.91, 0.08),
        alarmRate: sampleEstimate(0.63, 0.3),
        truePositives: [
          {
            falsePositiveRate: 0.01,
            rate: null,
            reason: 'not estimable: 29 of at least 100 independent benign accounts, 10 attackers',
          },
        ],
        queriesUntilAlarm: { ...sampleEstimate(134, 6), unit: 'count' },
        stolenGainAtAlarm: { stolenGain: sampleEstimate(0.12, 0.05), relation: 'at-most' },
      },
    ],
    nearDuplicates: {
      falsePositives: { rate: sampleEstimate(0.12, 0.02), deviation: 0.011 },
      falseNegatives: { rate: sampleEstimate(0.35, 0.03), deviation: 0.024 },
    },
    ...change,
  };
}

export function sampleTransfer(): readonly TransferPoint[] {
  return [0.03, 0.1].map((epsilon) => ({
    epsilon,
    success: sampleEstimate(0.3 + epsilon),
    random: sampleEstimate(0.05),
    excess: sampleEstimate(0.25 + epsilon),
    victimAccuracy: sampleEstimate(0.6 - epsilon),
  }));
}

/** Two workers, a pause of a day in between, a failed cell. */
export function sampleTimeline(): RunTimeline {
  const day = 86_400_000;
  const cell = (i: number, start: number, seconds: number): RunTimeline['cells'][number] => ({
    key: `k${i}`,
    kind: i === 1 ? 'victim' : i === 2 ? 'honest' : 'attack',
    attack: i < 3 ? null : 'direct-extraction',
    defense: i < 2 ? null : i < 5 ? 'none' : noise,
    budget: i < 3 ? null : 2000,
    seed: i,
    state: i === 5 ? 'failed' : 'done',
    startMs: start,
    endMs: start + seconds * 1000,
    elapsedMs: i === 5 ? null : seconds * 1000,
    worker: i === 5 ? null : (i % 2) + 1,
  });
  return {
    reused: 2,
    cells: [
      cell(1, 1000, 10),
      cell(2, 1200, 60),
      cell(3, 12_000, 50),
      cell(4, 62_000, 40),
      cell(5, 70_000, 20),
      cell(6, day, 30),
      cell(7, day + 1000, 25),
    ],
  };
}

export function sampleOwnership(change: Partial<OwnershipEvaluation> = {}): OwnershipEvaluation {
  const row: OwnershipRow = {
    attack: 'direct-extraction',
    defense: 'none',
    budget: 2000,
    accounts: 1,
    test: 'similarity-fingerprint',
    value: sampleEstimate(0.9),
    victim: 1,
    independent: { encoders: 20, mean: 0.31, deviation: 0.05, largest: 0.41 },
    seeds: 3,
    effect: 8.2,
    p: 0.048,
    claimedSeeds: 3,
    claimed: true,
    falseClaimBound: 0.139,
  };
  return {
    rule: { level: 0.05, leastEffect: 3 },
    independent: { encoders: 20, zoo: 20, untrained: 0 },
    reason: null,
    rows: [
      row,
      {
        ...row,
        test: 'rank-signature',
        value: sampleEstimate(0.99, null),
        victim: null,
        effect: 2.1,
        claimedSeeds: 0,
        claimed: false,
      },
      { ...row, test: null, value: null, victim: null, effect: 6.5 },
      { ...row, defense: noise, value: sampleEstimate(0.4), effect: 1.7, claimedSeeds: 1, claimed: false },
    ],
    ...change,
  };
}

const digest = (name: string, rows: number) => ({ name, digest: 'd'.repeat(64), rows });
const noise = 'gaussian-noise:mode=keyed:sigma=0.1';

export function sampleResult(change: Partial<AuditResult> = {}): AuditResult {
  const port = { name: 'images', elementType: 'float32', shape: ['batch', 3, 32, 32] } as const;
  return {
    schemaVersion: resultSchemaVersion,
    moatVersion: '0.1.0',
    auditId: '1a2b3c4d',
    createdAt: '2026-01-02T03:04:05.000Z',
    finishedAt: '2026-01-02T03:14:05.000Z',
    state: 'completed',
    config: {
      encoder: '/models/encoder.onnx',
      encoderOptions: { mean: [0.5, 0.5, 0.5] },
      backbone: null,
      pools: [{ name: 'train', path: '/data/train' }],
      tasks: [{ name: 'cifar10', path: '/data/cifar10' }],
      preset: { id: 'quick', version: 1, canPass: false },
      attacks: [{ id: 'direct-extraction', config: { loss: 'mse', views: 1 } }],
      defenses: [[], [{ id: 'gaussian-noise', config: { sigma: 0.1, mode: 'keyed' } }]],
      budgets: [500, 2000],
      accounts: [1],
      seeds: 3,
      seed: 1,
      evaluation: { fitRows: 4000, scoreRows: 2000, version: 1 },
      surrogate: { architecture: 'small-cnn', inputSize: 32, epochs: 40, batchSize: 64 },
      engine: 'onnx',
      device: 'cpu',
      workers: 2,
      policy: {
        budget: 5000,
        accounts: [1, 5],
        maxStolenGain: null,
        minProtection: 0.5,
        maxHonestLoss: 0.01,
        minRecallAt10: 0.95,
        minUndefendedGain: 0.3,
      },
      isGated: false,
      pricePerQuery: 0.0001,
    },
    encoder: {
      path: '/models/encoder.onnx',
      digest: 'e'.repeat(64),
      sizeBytes: 12_345_678,
      opset: 17,
      producer: 'pytorch',
      inputs: [port],
      outputs: [{ name: 'embedding', elementType: 'float32', shape: ['batch', 128] }],
      input: 'images',
      output: 'embedding',
      pooling: 'none',
      fixedBatch: null,
      preprocessing: {
        height: 32,
        width: 32,
        resize: 'stretch',
        resizeTo: 32,
        interpolation: 'bilinear',
        layout: 'nchw',
        range: '0-1',
        mean: [0.5, 0.5, 0.5],
        std: [0.25, 0.25, 0.25],
        channels: 'rgb',
      },
      preprocessingSources: {
        height: 'model',
        width: 'model',
        resize: 'guess',
        resizeTo: 'guess',
        interpolation: 'guess',
        layout: 'model',
        range: 'guess',
        mean: 'flag',
        std: 'guess',
        channels: 'guess',
      },
      notes: ['The only output is the embedding.'],
    },
    preflight: {
      dimension: 128,
      images: 32,
      checks: [
        {
          id: 'determinism',
          status: 'ok',
          sentence: 'The encoder is deterministic.',
          figures: { maxDifference: 0 },
        },
      ],
    },
    data: {
      pool: { ...digest('train', 48_000), removedDuplicates: 2000, corrupt: ['broken.jpg'] },
      tasks: [
        {
          name: 'cifar10',
          fit: digest('cifar10/fit', 4000),
          score: digest('cifar10/score', 2000),
          corrupt: [],
        },
      ],
    },
    baselines: [
      {
        task: 'cifar10',
        classes: 10,
        fitRows: 4000,
        scoreRows: 2000,
        victimProbe: sampleEstimate(0.82, 0.02),
        victimKnn: sampleEstimate(0.8, 0.02),
        noVictimProbe: sampleEstimate(0.41, 0.02),
        noVictimVariant: 'random initialization',
      },
    ],
    matrix: [
      sampleCell({ budget: 500, stolenGain: sampleEstimate(0.51) }),
      sampleCell(),
      sampleCell({ attack: 'repeat-averaging', stolenGain: sampleEstimate(0.7) }),
      sampleCell({ attack: 'backbone-stitching', stolenGain: sampleEstimate(0.33, null), seedsDone: 1 }),
      sampleCell({ defense: noise, adaptive: true, stolenGain: sampleEstimate(0.44) }),
      sampleCell({
        defense: noise,
        attack: 'repeat-averaging',
        state: 'failed',
        stolenGain: null,
        reason: 'The loss became not finite at epoch 3.',
        errorCode: 'training-diverged',
      }),
      sampleCell({
        defense: noise,
        attack: 'backbone-stitching',
        state: 'not-applicable',
        stolenGain: null,
        reason: 'No backbone is given.',
      }),
    ],
    verdicts: [
      sampleVerdict(),
      sampleVerdict({
        defense: noise,
        verdict: 'not-measured',
        reason: 'No attack broke it, and the adaptive attack did not run.',
        missingAttacks: ['repeat-averaging'],
      }),
    ],
    curves: [
      sampleCurve(),
      sampleCurve({ attack: 'direct-extraction', accounts: 1 }),
      sampleCurve({
        defense: noise,
        crossings: [0.5, 0.8, 0.9].map((level) => ({
          level,
          value: { queries: 2000, relation: 'more-than' },
          low: { queries: 1800, relation: 'at' },
          high: { queries: 2000, relation: 'more-than' },
        })),
      }),
    ],
    raiseFactors: [
      { defense: noise, level: 0.9, attack: null, factor: null },
      { defense: noise, level: 0.5, attack: null, factor: { value: 4.1, relation: 'more-than' } },
    ],
    detection: [sampleDetector()],
    theft: {
      assumptions: { perComputeHour: 12.29, perAccount: 0.25, perLabel: 0.012, training: 1000 },
      costs: [sampleTheft(), sampleTheft({ defense: noise, attack: 'repeat-averaging' })],
    },
    recommendation: { defense: null, sentence: 'No defense can be recommended on this evidence.' },
    headline: '2 000 queries steal 0.82 [0.78, 0.86] of this encoder, and no defense is shown to stop it.',
    findings: [
      {
        id: 'undefended-theft',
        title: 'The encoder can be copied for $0.20',
        severity: 'high',
        confidence: 'firm',
        explanation: 'Direct extraction works without a defense.',
        fix: 'Choose a defense before launch.',
        cellKeys: ['k1'],
      },
    ],
    flags: [
      {
        id: 'too-few-repeats',
        severity: 'weakens',
        sentence: 'One cell has a single seed.',
        scope: 'defense:none',
      },
    ],
    cost: { queries: 27_000, dollars: 2.7, elapsedMs: 605_000 },
    environment: { node: '24.21.0', cores: 2 },
    ...change,
  };
}
