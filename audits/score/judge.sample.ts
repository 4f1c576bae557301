import type { AuditConfig, Policy } from '../contract/audit.ts';
import type { CellKey, CellState, CellWork, Measurement, VersionedSpec } from '../contract/cell.ts';
import type { DefenseVerdict, Flag } from '../contract/result.ts';
import { createRng } from '../rng.ts';
import type { CellRow, PreparationRecord } from '../store/types.ts';
import type { JudgeInput, Judgement } from './judge.ts';
import type { MethodFacts } from './method-facts.ts';

/** A small made-up audit whose measurements follow from a few accuracies: for the tests of judging. */
export interface WorldOptions {
  readonly tasks?: readonly string[];
  readonly defenses?: readonly string[];
  readonly seeds?: number;
  /** Images per batch that the audit asks for; its cells have 1. */
  readonly askedBatch?: number;
  readonly items?: number;
  readonly victimAccuracy?: number;
  readonly controlAccuracy?: number;
  readonly undefendedAccuracy?: number;
  /** The plain attack through the defense. */
  readonly defendedAccuracy?: number;
  /** The adaptive attack through the defense; undefended it does as the plain one. */
  readonly adaptiveAccuracy?: number;
  /** Both attacks through the defense on the second task. */
  readonly secondTaskAccuracy?: number;
  /** Adds a control with this accuracy that holds a public backbone. */
  readonly backboneAccuracy?: number;
  /** Adds an attack with this accuracy that holds a public backbone. */
  readonly backboneAttack?: number;
  /** The same attack through the defense; left out when absent. */
  readonly backboneOnDefense?: number;
  /** kNN accuracy of that attack undefended, where it differs from its probe's. */
  readonly backboneKnn?: number;
  /** Accuracy of the attacks undefended on the second task. */
  readonly secondTaskUndefended?: number;
  /** Accounts of every attack cell. */
  readonly accounts?: readonly number[];
  readonly honestAccuracy?: number;
  readonly recall?: number;
  /** Accuracy through the defense of further honest users, by id: `narrow-1000`. */
  readonly users?: Readonly<Record<string, number>>;
  /** Attacks left out of the plan. */
  readonly without?: readonly string[];
  /** The last seed of this attack on the defense ends so. */
  readonly stopped?: { readonly attack: string; readonly state: CellState };
  /** Adds a control with this accuracy of which a time limit let the first seed finish only. */
  readonly cutShortControl?: number;
  /** With fewer accounts the adaptive attack cannot be played. */
  readonly adaptiveAccounts?: number;
  /** So many last seeds of every cell on the defense were left out by a time limit. */
  readonly leftOutSeeds?: number;
  readonly honestFailed?: boolean;
  readonly stateful?: boolean;
  /** The adaptive attack gives up utility on purpose. */
  readonly launders?: boolean;
  readonly canPass?: boolean;
  /** The defense is a table of recorded replies. */
  readonly recorded?: boolean;
  readonly policy?: Partial<Policy>;
  readonly flags?: readonly Flag[];
  /** Added to the accuracy of the last seed of every attack. */
  readonly lastSeedShift?: number;
  readonly preflight?: PreparationRecord['preflight'];
  /** Settings of a gaussian-noise defense. */
  readonly noise?: Readonly<Record<string, unknown>>;
  /** Diagnostics of every cell that ran. */
  readonly diagnostics?: Readonly<Record<string, number>>;
  /** Bytes of a reply through the defense; the encoder has 8 dimensions. */
  readonly replyBytes?: number;
  /** Added to the measurements of the victim. */
  readonly victimMeasurements?: readonly Measurement[];
  /** Different images per query sent. */
  readonly uniqueShare?: number;
}

const BUDGET = 2000;

export function world(options: WorldOptions = {}): { input: JudgeInput; facts: MethodFacts } {
  const {
    tasks = ['animals'],
    defenses = ['noise'],
    seeds = 3,
    items = 1000,
    victimAccuracy = 0.8,
    controlAccuracy = 0.3,
    undefendedAccuracy = 0.75,
    defendedAccuracy = 0.4,
    adaptiveAccuracy = 0.42,
    honestAccuracy = 0.8,
    recall = 0.99,
    without = [],
  } = options;
  const cells: CellRow[] = [];
  const measurements = new Map<CellKey, readonly Measurement[]>();

  const add = (
    work: CellWork,
    labels: { readonly attack: string | null; readonly defense: string | null },
    results: readonly Measurement[],
    state: CellState = 'done',
  ): void => {
    const key = [
      labels.attack ?? work.kind,
      labels.defense ?? '',
      ...(work.kind === 'attack' && work.accounts > 1 ? [work.accounts] : []),
      work.seed,
    ].join('/') as CellKey;
    cells.push({
      ...row(key, work, labels, state, options.uniqueShare ?? 1),
      diagnostics: options.diagnostics ?? {},
    });
    if (state === 'done') measurements.set(key, results);
  };
  const attackCells = (attack: string, defense: string, accuracies: readonly number[]): void => {
    for (const accounts of options.accounts ?? [1])
      if (!without.includes(attack) || defense === 'none') cellsWith(accounts, attack, defense, accuracies);
  };
  const cellsWith = (
    accounts: number,
    attack: string,
    defense: string,
    accuracies: readonly number[],
  ): void => {
    if (accounts > 1 && without.includes(`${attack}/${accounts}`)) return;
    for (let seed = 0; seed < seeds; seed++) {
      const last = seed === seeds - 1;
      const stopped = options.stopped?.attack === attack && defense !== 'none' && last;
      const shift = last ? (options.lastSeedShift ?? 0) : (seed % 2) * 0.002;
      add(
        attackWork(attack, defense, seed, accounts, options),
        { attack, defense },
        tasks.flatMap((task, i) =>
          theft(
            task,
            items,
            (accuracies[i] ?? accuracies[0] ?? 0) + shift,
            `${attack}/${defense}/${seed}`,
            attack === 'stitching' && defense === 'none' ? options.backboneKnn : undefined,
          ),
        ),
        attack === 'adaptive' && accounts < (options.adaptiveAccounts ?? 1)
          ? 'not-applicable'
          : stopped
            ? options.stopped?.state
            : (seed >= seeds - (options.leftOutSeeds ?? 0) && defense !== 'none') ||
                (attack === 'control-slow' && seed > 0)
              ? 'not-run'
              : 'done',
      );
    }
  };

  add({ kind: 'victim', seed: 0 }, { attack: null, defense: null }, [
    ...tasks.flatMap((task) => theft(task, items, victimAccuracy, 'victim')),
    ...(options.victimMeasurements ?? []),
  ]);
  attackCells('control-random', 'none', [controlAccuracy]);
  if (options.backboneAccuracy !== undefined)
    attackCells('control-backbone', 'none', [options.backboneAccuracy]);
  if (options.cutShortControl !== undefined) attackCells('control-slow', 'none', [options.cutShortControl]);
  attackCells('plain', 'none', [undefendedAccuracy, options.secondTaskUndefended ?? undefendedAccuracy]);
  if (options.backboneAttack !== undefined) attackCells('stitching', 'none', [options.backboneAttack]);
  for (const defense of defenses) {
    const second = options.secondTaskAccuracy;
    attackCells('plain', defense, [defendedAccuracy, second ?? defendedAccuracy]);
    attackCells('adaptive', defense, [adaptiveAccuracy, second ?? adaptiveAccuracy]);
    if (options.backboneOnDefense !== undefined)
      attackCells('stitching', defense, [options.backboneOnDefense]);
    for (let seed = 0; seed < seeds; seed++)
      add(
        { kind: 'honest', defense: chainOf(defense, options), seed },
        { attack: null, defense },
        tasks.flatMap((task) => [
          ...honest(task, items, honestAccuracy, recall),
          {
            metric: 'honest-reply-bytes',
            task,
            value: options.replyBytes ?? 32,
            unit: 'bytes' as const,
            n: items,
          },
          ...Object.entries(options.users ?? {}).flatMap(([user, accuracy]) =>
            honest(task, items, accuracy, recall).map((entry) => ({
              ...entry,
              metric: `${entry.metric}@${user}`,
            })),
          ),
        ]),
        options.honestFailed === true && seed === 0 ? 'failed' : 'done',
      );
  }
  return {
    input: {
      config: config(options, seeds, defenses),
      cells,
      measurements,
      preparation: preparation(options, tasks, items),
    },
    facts: {
      isControl: ({ id }) => id.startsWith('control'),
      isUntrained: ({ id }) => id === 'control-random',
      usesBackbone: ({ id }) => id === 'control-backbone' || id === 'stitching',
      mustFace: (chain) => (chain.length === 0 ? ['plain'] : ['plain', 'adaptive']),
      isStateful: (chain) => chain.length > 0 && options.stateful === true,
      isLinearOnFeatures: ({ id }) => id === 'stitching',
      needsLabels: () => false,
      canFace: ({ id }, _chain, accounts) => id !== 'adaptive' || accounts >= (options.adaptiveAccounts ?? 1),
      launders: (id) => id === 'adaptive' && options.launders === true,
      isRecorded: () => options.recorded === true,
    },
  };
}

export function verdictOf(result: Pick<Judgement, 'verdicts'>, defense: string): DefenseVerdict {
  const found = result.verdicts.find((verdict) => verdict.defense === defense);
  if (found === undefined) throw new RangeError(`no verdict on ${defense}`);
  return found;
}

/** Items that are right for the easiest share of the test rows, so that equal accuracies are equal row by row. */
function right(items: number, accuracy: number): Float32Array {
  const order = createRng('difficulty').permutation(items);
  const count = Math.round(items * Math.min(1, Math.max(0, accuracy)));
  const correct = new Float32Array(items);
  for (const index of order.subarray(0, count)) correct[index] = 1;
  return correct;
}

function measured(metric: string, task: string, items: Float32Array): Measurement {
  const value = items.reduce((sum, item) => sum + item, 0) / items.length;
  return { metric, task, value, unit: 'fraction', n: items.length, items };
}

function theft(
  task: string,
  items: number,
  accuracy: number,
  name: string,
  knn = accuracy - 0.05,
): readonly Measurement[] {
  const correct = right(items, accuracy);
  // A few rows differ from encoder to encoder.
  const rng = createRng(`${name}/${task}`);
  for (let i = 0; i < items / 50; i++) correct[rng.integer(items)] = rng.uniform() < accuracy ? 1 : 0;
  return [
    measured('probe-accuracy', task, correct),
    measured('knn-accuracy', task, right(items, knn)),
    { metric: 'cka', task, value: 0.5 * accuracy, unit: 'fraction', n: items },
  ];
}

function honest(task: string, items: number, accuracy: number, recall: number): readonly Measurement[] {
  return [
    measured('clean-probe-accuracy', task, right(items, 0.8)),
    measured('clean-knn-accuracy', task, right(items, 0.75)),
    measured('honest-probe-accuracy', task, right(items, accuracy)),
    measured('honest-knn-accuracy', task, right(items, accuracy - 0.05)),
    measured('honest-recall-10', task, new Float32Array(items).fill(recall)),
  ];
}

function chainOf(defense: string, { noise }: WorldOptions): readonly VersionedSpec[] {
  if (defense === 'none') return [];
  return [
    noise === undefined
      ? { id: defense, version: 1, config: {} }
      : { id: 'gaussian-noise', version: 1, config: noise },
  ];
}

function attackWork(
  id: string,
  defense: string,
  seed: number,
  accounts: number,
  options: WorldOptions,
): CellWork {
  const control = id.startsWith('control');
  return {
    kind: 'attack',
    attack: { id, version: 1, config: {} },
    defense: chainOf(defense, options),
    budget: control ? 0 : BUDGET,
    accounts: control ? 1 : accounts,
    seed,
    surrogate: { architecture: 'small-cnn', inputSize: 32, epochs: 1, batchSize: 1 },
  };
}

function row(
  key: CellKey,
  work: CellWork,
  labels: { readonly attack: string | null; readonly defense: string | null },
  state: CellState,
  uniqueShare: number,
): CellRow {
  const rows = work.kind === 'attack' ? work.budget : 0;
  return {
    key,
    work,
    attackLabel: labels.attack,
    defenseLabel: labels.defense,
    estimatedMs: 0,
    state,
    startedAt: null,
    finishedAt: null,
    elapsedMs: state === 'done' ? 100 : null,
    attempts: 1,
    diagnostics: {},
    ledger:
      state === 'done' && rows > 0
        ? [{ account: 0, rows, uniqueInputs: rows * uniqueShare, bytesSent: 0, bytesReceived: 0 }]
        : [],
    artifacts: [],
    error:
      state === 'failed' ? { code: 'training-diverged', message: 'The loss became NaN.', details: {} } : null,
    reason: null,
  };
}

function config(options: WorldOptions, seeds: number, defenses: readonly string[]): AuditConfig {
  const canPass = options.canPass ?? true;
  return {
    encoder: '/encoder.onnx',
    encoderOptions: {},
    backbone: null,
    pools: [],
    tasks: [],
    preset: { id: canPass ? 'standard' : 'quick', version: 1, canPass },
    attacks: [],
    defenses: [[], ...defenses.map((id) => [{ id, config: {} }])],
    budgets: [BUDGET],
    accounts: [...(options.accounts ?? [1])],
    seeds,
    seed: 1,
    evaluation: { fitRows: 4000, scoreRows: 2000, version: 1 },
    surrogate: {
      architecture: 'small-cnn',
      inputSize: 32,
      epochs: 1,
      batchSize: options.askedBatch ?? 1,
    },
    engine: 'onnx',
    device: 'cpu',
    workers: 1,
    policy: {
      budget: BUDGET,
      accounts: [1],
      maxStolenGain: null,
      minProtection: 0.5,
      maxHonestLoss: 0.01,
      minRecallAt10: 0.95,
      minUndefendedGain: 0.3,
      ...options.policy,
    },
    isGated: false,
    pricePerQuery: 0.0001,
  };
}

function preparation(options: WorldOptions, tasks: readonly string[], items: number): PreparationRecord {
  const set = (name: string, rows: number) => ({ name, digest: name, rows });
  const port = { name: 'x', elementType: 'float32', shape: ['batch', 3, 32, 32] } as const;
  const preprocessing = {
    height: 32,
    width: 32,
    resize: 'stretch',
    resizeTo: 32,
    interpolation: 'bilinear',
    layout: 'nchw',
    range: '0-1',
    mean: [0, 0, 0],
    std: [1, 1, 1],
    channels: 'rgb',
  } as const;
  return {
    inputs: {
      encoder: 'e',
      output: 'y',
      pooling: 'none',
      preprocessing,
      backbone: null,
      pool: set('pool', 5000),
      tasks: tasks.map((name) => ({ name, fit: set('fit', 4000), score: set('score', items) })),
      evaluation: { fitRows: 4000, scoreRows: 2000, version: 1 },
      numericsClass: 'test',
    },
    encoder: {
      path: '/encoder.onnx',
      digest: 'e',
      sizeBytes: 1,
      opset: 17,
      producer: 'test',
      inputs: [port],
      outputs: [port],
      input: 'x',
      output: 'y',
      pooling: 'none',
      fixedBatch: null,
      preprocessing,
      preprocessingSources: {
        height: 'model',
        width: 'model',
        resize: 'guess',
        resizeTo: 'guess',
        interpolation: 'guess',
        layout: 'model',
        range: 'guess',
        mean: 'guess',
        std: 'guess',
        channels: 'guess',
      },
      notes: [],
    },
    preflight: options.preflight ?? { dimension: 8, images: 16, checks: [] },
    pool: { ...set('pool', 5000), removedDuplicates: 0, corrupt: [] },
    tasks: tasks.map((name) => ({
      name,
      classes: Array.from({ length: 10 }, (_, i) => `class ${i}`),
      fit: set('fit', 4000),
      score: set('score', items),
      corrupt: [],
    })),
    flags: options.flags ?? [],
    folder: 'prepared',
  };
}
