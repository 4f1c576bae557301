import { datasetFacts, datasetIds, missingData, type DatasetId } from './data-at-hand.ts';
import type { TrainingKind } from './scale.ts';
import {
  notRun,
  place,
  SOFTNN_TEMPERATURE,
  type AuditStep,
  type EncoderSource,
  type Means,
  type Place,
  type Source,
  type TablePlan,
  type TrainStep,
} from './table.ts';

/** What tables of stolen accuracy have in common: a victim, images to send, tasks to measure on, an attack per row. */

/** The columns of tables of accuracies: the tasks, in the paper's order. */
export const TASKS = ['CIFAR10', 'STL10', 'SVHN'] as const;
const taskIds: Readonly<Record<string, DatasetId>> = { CIFAR10: 'cifar10', STL10: 'stl10', SVHN: 'svhn' };

export const VICTIM = 'victim';
/** Beside every table, since an accuracy alone does not say what a theft brought. */
export const CONTROL = 'untrained (control)';

/** One theft of a table: a row, or one column of it. */
export interface Theft {
  readonly row: string;
  /** Columns filled by it; default: every task. */
  readonly columns?: readonly string[];
  /** Canonical spelling. */
  readonly attack: string;
  /** The paper's number of queries. */
  readonly queries: number;
  /** Why it cannot be run with these means. */
  readonly lacks?: string | undefined;
}

export interface TheftSettings {
  readonly victim: DatasetId;
  /** Which images are sent: the victim's kind, unseen (`test`), or those of a data set's training part. */
  readonly sent: { readonly dataset: DatasetId; readonly part: 'train' | 'test' };
  readonly thefts: readonly Theft[];
  /** Guess for all of it at the reduced scale. */
  readonly minutes: number | null;
}

/** One audit of all thefts, and where its cells stand in the table. */
export function planThefts(means: Means, { victim, sent, thefts, minutes }: TheftSettings): TablePlan {
  const { data, scale } = means;
  const sources = new Map<Place, Source>();
  const rows = [
    ...thefts.map(({ row, columns = TASKS }) => ({ row, columns })),
    { row: VICTIM, columns: TASKS },
    { row: CONTROL, columns: TASKS },
  ];
  const pool = data[sent.dataset];
  const missing = [victim, sent.dataset].find((id) => data[id] === undefined);
  if (missing !== undefined || pool === undefined) {
    for (const { row, columns } of rows)
      for (const column of columns) sources.set(place(row, column), notRun(missingData(missing ?? victim)));
    return { steps: [], sources };
  }
  const { encoder, steps } = victimOf(victim, means);
  const step = 'thefts';
  const runnable = thefts.filter(
    ({ lacks, queries }) => lacks === undefined && scale.queries(queries) !== null,
  );
  const at = (
    row: string,
    column: string,
    found: Omit<Extract<Source, { kind: 'cells' }>, 'kind' | 'step' | 'task' | 'metric'>,
  ): void => {
    const id = taskIds[column];
    if (id === undefined) return;
    sources.set(
      place(row, column),
      data[id] === undefined
        ? notRun(missingData(id))
        : { kind: 'cells', step, task: id, metric: 'probe-accuracy', ...found },
    );
  };
  for (const column of TASKS) {
    at(VICTIM, column, { work: 'victim' });
    at(CONTROL, column, { work: 'attack', attack: 'no-victim', budget: 0 });
  }
  for (const { row, columns = TASKS, attack, queries, lacks } of thefts) {
    const budget = scale.queries(queries);
    for (const column of columns)
      if (lacks !== undefined) sources.set(place(row, column), notRun(lacks));
      else if (budget === null) sources.set(place(row, column), notRun(leftOut(queries, scale.id)));
      else at(row, column, { work: 'attack', attack, budget });
  }
  const audit: AuditStep = {
    kind: 'audit',
    id: step,
    title: 'thefts',
    encoder,
    arguments: [
      '--pool',
      sent.part === 'test' ? pool.test : pool.whole,
      ...taskArguments(means),
      ...attackArguments(means, runnable),
      '--defenses',
      'none',
    ],
    minutes: scale.id === 'reduced' ? minutes : null,
    trainedImages: imagesTrained(means, runnable),
  };
  return { steps: [...steps, ...(runnable.length > 0 ? [audit] : [])], sources };
}

/** `--attacks`, `--listed-only`, `--budgets`, `--seeds`: the thefts of an audit, each at each budget. */
export function attackArguments(
  { scale, seeds }: Means,
  thefts: readonly Pick<Theft, 'attack' | 'queries'>[],
): readonly string[] {
  const budgets = thefts.flatMap(({ queries }) => scale.queries(queries) ?? []);
  return [
    '--attacks',
    [...new Set(thefts.map(({ attack }) => attack))].join(','),
    '--listed-only',
    '--budgets',
    [...new Set(budgets)].join(','),
    '--seeds',
    String(seeds),
  ];
}

/** Of every seed of every theft. */
export function imagesTrained({ scale, seeds }: Means, thefts: readonly Pick<Theft, 'queries'>[]): number {
  const queries = thefts.reduce((sum, theft) => sum + (scale.queries(theft.queries) ?? 0), 0);
  return queries * scale.epochs * seeds;
}

/** `--task` for every data set at hand. */
export function taskArguments({ data }: Pick<Means, 'data'>, only?: DatasetId): readonly string[] {
  return datasetIds.flatMap((id) => {
    const found = data[id];
    return found === undefined || (only !== undefined && id !== only)
      ? []
      : ['--task', `${id}=${found.whole}`];
  });
}

export function leftOut(queries: number, scale: string): string {
  return `the ${scale} scale leaves out rows of ${queries.toLocaleString('en').replaceAll(',', ' ')} queries`;
}

/** The victim of a data set: the user's own for CIFAR-10, else a SimCLR encoder trained here. */
export function victimOf(
  id: DatasetId,
  means: Means,
): { readonly encoder: EncoderSource; readonly steps: readonly TrainStep[] } {
  if (id === 'cifar10' && means.victim !== undefined)
    return { encoder: { kind: 'file', file: means.victim }, steps: [] };
  const step = trainingOf(id, means, { seed: 0 });
  return { encoder: { kind: 'trained', step: step.id }, steps: step.steps };
}

const kindTitles: Readonly<Record<TrainingKind, string>> = {
  simclr: 'an encoder',
  supervised: 'an encoder by the labels',
  marked: 'a watermarked encoder',
};

/** A training on a data set's training part: equal settings are one file, whatever table asks. */
export function trainingOf(
  id: DatasetId,
  { data, scale }: Pick<Means, 'data' | 'scale'>,
  { seed, kind = 'simclr' }: { readonly seed: number; readonly kind?: TrainingKind },
): { readonly id: string; readonly steps: readonly TrainStep[] } {
  const name = `${kind}-${id}-${seed}`;
  const images = data[id]?.whole;
  if (images === undefined) return { id: name, steps: [] };
  return {
    id: name,
    steps: [
      {
        kind: 'train',
        id: name,
        title: `${kindTitles[kind]} of ${datasetFacts[id].title}, seed ${seed}`,
        images,
        arguments: [...scale.training[kind], '--seed', String(seed)],
        minutes: scale.trainingMinutes,
        trainedImages: scale.trainingImages,
      },
    ],
  };
}

const direct = (settings: string): string => `direct-extraction:${settings}`;

/** Spells an attack with settings besides its own, all of them in the canonical order. */
export function withSettings(attack: string, further: readonly string[]): string {
  const [id = '', ...settings] = attack.split(':');
  return [id, ...[...settings, ...further].toSorted()].join(':');
}

/** How rows that name a loss are spelled as attacks; with two views where the paper's code has them. */
export const byLoss = {
  MSE: () => 'direct-extraction',
  InfoNCE: () => direct('loss=infonce'),
  /** The paper's T = 100 is a squared distance of its victim's; at another scale of embeddings it is another number. */
  SoftNN: ({ scale }: Pick<Means, 'scale'>) =>
    direct(scale.id === 'full' ? 'loss=softnn' : `loss=softnn:temperature=${SOFTNN_TEMPERATURE}`),
  Wasserstein: () => direct('loss=wasserstein'),
  'SupCon*': () => direct('loss=supcon:views=2'),
  'SimSiam*': () => direct('loss=symmetrized:views=2'),
  'Barlow*': () => direct('loss=barlow:views=2'),
} as const satisfies Readonly<Record<string, (means: Means) => string>>;

/** Sentences that hold for every table of thefts. */
export const theftDifferences: readonly string[] = [
  'The thief flips and shifts its own copies of an image while it trains; the paper’s thief sees what it sent.',
  'Two views are drawn and paid for once; the paper draws them anew in every epoch.',
  'Accuracy is a logistic regression fitted to convergence on standardised embeddings; the paper trains a linear layer for 100 epochs.',
];
