import type {
  AuditResult,
  Estimate,
  MatrixCell,
  OwnershipEvaluation,
  OwnershipRow,
  TransferPoint,
} from '../../contract/result.ts';

/** A number of the result with everything it belongs to: what tables and lists of metrics are made of. */
export interface MetricRow {
  /** `attack`: a copy. `defense`: a verdict's numbers. `honest`: a defense's price. `victim`: without any attack. `detection`: a detector. `ownership`: a test of a copy. */
  readonly kind: 'attack' | 'defense' | 'honest' | 'victim' | 'detection' | 'ownership';
  readonly attack: string | null;
  readonly surrogate: string | null;
  readonly queryPolicy: string | null;
  readonly defense: string | null;
  readonly budget: number | null;
  readonly accounts: number | null;
  readonly task: string | null;
  /** Which honest user, which kind of stream, or which ownership test. */
  readonly user: string | null;
  readonly state: string;
  readonly seedsDone: number | null;
  readonly seedsPlanned: number | null;
  readonly metric: string;
  /** Null: not measured. */
  readonly estimate: Estimate | null;
  readonly adaptive: boolean | null;
  readonly reason: string | null;
  readonly errorCode: string | null;
  readonly cellKeys: readonly string[];
}

const nowhere = {
  attack: null,
  surrogate: null,
  queryPolicy: null,
  defense: null,
  budget: null,
  accounts: null,
  task: null,
  user: null,
  state: 'done',
  seedsDone: null,
  seedsPlanned: null,
  adaptive: null,
  reason: null,
  errorCode: null,
  cellKeys: [],
} as const;

/** Every measured number of a result. A cell without a number has one row that says why; what was not measured has none. */
export function metricRows(result: AuditResult): readonly MetricRow[] {
  return [...eachMetricRow(result)];
}

/** The same one by one: of ten thousand comparisons there are two hundred thousand, which nobody needs at once. */
export function* eachMetricRow(result: AuditResult): Generator<MetricRow, void> {
  for (const baseline of result.baselines) yield* baselineRows(baseline);
  for (const cell of result.matrix) yield* cellRows(cell);
  for (const verdict of result.verdicts) yield* verdictRows(verdict);
  for (const verdict of result.verdicts) yield* honestRows(verdict);
  for (const detector of result.detection) yield* detectionRows(detector);
  if (result.ownership !== undefined) yield* ownershipRows(result.ownership, result.matrix);
}

type Named = Readonly<Record<string, Estimate | null | undefined>>;

/** A row for each number there is. */
function rowsOf(base: Omit<MetricRow, 'metric' | 'estimate'>, numbers: Named): readonly MetricRow[] {
  return Object.entries(numbers).flatMap(([metric, estimate]) =>
    estimate === null || estimate === undefined ? [] : [{ ...base, metric, estimate }],
  );
}

function baselineRows(baseline: AuditResult['baselines'][number]): readonly MetricRow[] {
  const { task, victimProbe, victimKnn, noVictimProbe, noVictimVariant } = baseline;
  const base = { ...nowhere, kind: 'victim', task } as const;
  return [
    ...rowsOf(base, { 'probe-accuracy': victimProbe, 'knn-accuracy': victimKnn }),
    ...rowsOf({ ...base, attack: noVictimVariant }, { 'no-victim-probe-accuracy': noVictimProbe }),
  ];
}

function cellRows(cell: MatrixCell): readonly MetricRow[] {
  const { attack, surrogate, queryPolicy, defense, budget, accounts, task, fidelity } = cell;
  const { state, seedsDone, seedsPlanned, adaptive, reason, errorCode, cellKeys } = cell;
  const base = {
    kind: 'attack',
    attack,
    surrogate,
    queryPolicy,
    defense,
    budget,
    accounts,
    task,
    user: null,
    state,
    seedsDone,
    seedsPlanned,
    adaptive,
    reason,
    errorCode,
    cellKeys,
  } as const;
  const gains = cell.gains.map(
    ({ measure, stolenGain }) => [`stolen-gain-by-${measure}`, stolenGain] as const,
  );
  return [
    { ...base, metric: 'stolen-gain', estimate: cell.stolenGain },
    ...rowsOf(base, {
      ...Object.fromEntries(gains),
      'relative-accuracy': cell.relativeAccuracy,
      'probe-accuracy': cell.probeAccuracy,
      'knn-accuracy': cell.knnAccuracy,
      'few-label-probe-accuracy': cell.fewLabelAccuracy,
      cka: cell.cka,
      'neighbor-overlap': cell.neighborOverlap,
      agreement: fidelity.agreement,
      'neighbor-recall-10': fidelity.neighborRecall,
      'aligned-r2': fidelity.alignedR2,
      'procrustes-r2': fidelity.procrustesR2,
      'raw-cosine': fidelity.rawCosine,
      'raw-l2': fidelity.rawL2,
      'mi-score': fidelity.miScore,
      'mark-score': cell.markScore,
      ...transferNumbers(fidelity.transfer ?? []),
      'queries-used': counted(cell.queriesUsed, 'count', seedsDone),
      'unique-inputs': counted(cell.uniqueInputs, 'count', seedsDone),
      'elapsed-ms': counted(cell.elapsedMs, 'milliseconds', seedsDone),
    }),
  ];
}

function transferNumbers(points: readonly TransferPoint[]): Named {
  return Object.fromEntries(
    points.flatMap(({ epsilon, success, random, excess, victimAccuracy }) => [
      [`fgsm-success-${epsilon}`, success],
      [`fgsm-random-success-${epsilon}`, random],
      [`fgsm-excess-${epsilon}`, excess],
      [`fgsm-victim-accuracy-${epsilon}`, victimAccuracy],
    ]),
  );
}

/** A number that was counted and not estimated. */
function counted(value: number | null, unit: Estimate['unit'], seeds: number): Estimate | null {
  return value === null ? null : { value, low: null, high: null, unit, seeds, items: 0, method: 'counted' };
}

function verdictRows(verdict: AuditResult['verdicts'][number]): readonly MetricRow[] {
  const { defense, strongestAttack, reason } = verdict;
  const base = {
    ...nowhere,
    kind: 'defense',
    defense,
    attack: strongestAttack,
    state: verdict.verdict,
    reason,
  } as const;
  return [
    // A defense without a number still has its row: absence must not read as a pass.
    { ...base, metric: 'worst-stolen-gain', estimate: verdict.worstStolenGain },
    ...rowsOf(base, {
      protection: verdict.protection,
      'worst-honest-loss': verdict.worstHonestLoss,
      'worst-recall-10': verdict.worstRecallAt10,
      'reply-overhead-microseconds': overhead(verdict.overhead.microseconds, 'none'),
      'reply-overhead-bytes': overhead(verdict.overhead.bytes, 'bytes'),
    }),
  ];
}

function overhead(value: number | null, unit: Estimate['unit']): Estimate | null {
  return value === null
    ? null
    : { value, low: null, high: null, unit, seeds: 0, items: 0, method: 'measured on this machine' };
}

function honestRows({ defense, honest }: AuditResult['verdicts'][number]): readonly MetricRow[] {
  return honest.flatMap((user) =>
    rowsOf(
      {
        ...nowhere,
        kind: 'honest',
        defense,
        task: user.task,
        user: `${user.breadth}, ${user.rows} images${user.isCounted ? '' : ', not counted'}`,
      },
      {
        'probe-loss': user.probeLoss,
        'knn-loss': user.knnLoss,
        'recall-10': user.recallAt10,
        'refused-share': user.refused,
        'drift-cosine': user.driftCosine,
        'drift-recall-10': user.driftRecallAt10,
      },
    ),
  );
}

function detectionRows(detector: AuditResult['detection'][number]): readonly MetricRow[] {
  const { defense, benign, attacks, nearDuplicates } = detector;
  const of = (user: string) => ({ ...nowhere, kind: 'detection', defense, user }) as const;
  return [
    ...benign.flatMap(({ kind, alarmRate }) => rowsOf(of(`honest ${kind}`), { 'alarm-rate': alarmRate })),
    ...attacks.flatMap((thief) =>
      rowsOf(of(`thief ${thief.kind}`), {
        'alarm-rate': thief.alarmRate,
        'roc-area': thief.area,
        ...Object.fromEntries(
          thief.truePositives.map(({ falsePositiveRate, rate }) => [
            `true-positive-rate-at-${falsePositiveRate}`,
            rate,
          ]),
        ),
        'queries-until-alarm': thief.queriesUntilAlarm,
        'stolen-gain-at-alarm': thief.stolenGainAtAlarm?.stolenGain,
      }),
    ),
    ...rowsOf(of('single images'), {
      'near-duplicate-fpr': nearDuplicates?.falsePositives.rate,
      'near-duplicate-fnr': nearDuplicates?.falseNegatives.rate,
    }),
  ];
}

/** A row for each figure of a test of a copy; one that gave no claim says why. */
function ownershipRows(
  { rows, reason }: OwnershipEvaluation,
  matrix: readonly MatrixCell[],
): readonly MetricRow[] {
  const copyOf = ({ attack, defense, budget, accounts }: OwnershipRow | MatrixCell): string =>
    JSON.stringify([attack, defense, budget, accounts]);
  const cells = new Map(matrix.map((cell) => [copyOf(cell), cell]));
  return rows.flatMap((row) => {
    const { attack, defense, budget, accounts, test, seeds, claimedSeeds, victim, independent } = row;
    const cell = cells.get(copyOf(row));
    const base = {
      ...nowhere,
      kind: 'ownership',
      attack,
      surrogate: cell?.surrogate ?? null,
      queryPolicy: cell?.queryPolicy ?? null,
      defense,
      budget,
      accounts,
      user: test ?? 'all tests',
      cellKeys: cell?.cellKeys ?? [],
    } as const;
    const figure = (value: number | null | undefined, method: string): Estimate | null =>
      value === null || value === undefined
        ? null
        : { value, low: null, high: null, unit: 'none', seeds, items: independent?.encoders ?? 0, method };
    const claimed = figure(
      claimedSeeds === null ? null : claimedSeeds / seeds,
      'seeds whose copy is claimed',
    );
    return [
      ...rowsOf(base, {
        'ownership-score': row.value,
        'ownership-score-of-victim': figure(victim, 'of the victim itself'),
        'ownership-score-independent': figure(independent?.mean, 'mean of independent encoders'),
        'ownership-effect': figure(row.effect, 'weakest seed, against independent encoders'),
        'ownership-p': figure(row.p, 'weakest seed, rank among independent encoders'),
        'ownership-false-claims': figure(row.falseClaimBound, 'exact one-sided 95 % bound'),
      }),
      {
        ...base,
        metric: 'ownership-claimed',
        estimate: claimed === null ? null : { ...claimed, unit: 'fraction' },
        reason: claimed === null ? reason : null,
      },
    ];
  });
}
