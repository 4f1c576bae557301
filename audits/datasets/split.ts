import { MoatError } from '../contract/errors.ts';
import type { Rng } from '../rng.ts';
import type { Dataset, Split, SplitName } from './dataset-parts.ts';

/** One image of a data set. `label` is null only in pools. */
export interface ItemRef {
  readonly split: SplitName;
  /** Position in the split's `items`. */
  readonly index: number;
  readonly id: string;
  readonly label: number | null;
}

/** An image that takes part in a task. */
export interface LabelledRef extends ItemRef {
  readonly label: number;
}

export interface TaskSplit {
  readonly fit: readonly LabelledRef[];
  readonly score: readonly LabelledRef[];
  /** Plain sentences for the report. */
  readonly warnings: readonly string[];
}

/**
 * Chooses the labelled rows that fit a probe and those that score it: the data's own train and test parts, else a seeded
 * stratified split in the proportion of the caps. Caps are stratified; the order is a seeded shuffle.
 * @throws MoatError `dataset-unlabelled` without classes, `dataset-too-small` when fewer than two classes have rows on
 * both sides
 */
export function splitTask(
  dataset: Dataset,
  options: { readonly fitRows: number; readonly scoreRows: number; readonly rng: Rng },
): TaskSplit {
  const { fitRows, scoreRows, rng } = options;
  if (dataset.classes.length === 0)
    throw new MoatError('dataset-unlabelled', `${dataset.name} (${dataset.path}) has no labels.`);
  const names = (['train', 'test', 'all'] as const).filter((name) => dataset.splits[name]);
  const total = names.reduce((sum, name) => sum + (dataset.splits[name]?.items.length ?? 0), 0);
  if (total < 2)
    throw new MoatError(
      'dataset-too-small',
      `${dataset.name} has one image; a task needs some to fit and some to score.`,
    );

  const warnings: string[] = [];
  const { train, test } = dataset.splits;
  let fit: LabelledRef[][];
  let score: LabelledRef[][];
  if (train && test) {
    fit = byClass(dataset, [['train', train]], rng.derive('fit'));
    score = byClass(dataset, [['test', test]], rng.derive('score'));
    warnings.push(...missingSides(dataset, fit, score));
  } else {
    const sources = names.flatMap((name): [SplitName, Split][] => {
      const source = dataset.splits[name];
      return source ? [[name, source]] : [];
    });
    const groups = byClass(dataset, sources, rng.derive('split'));
    const share = scoreRows / (fitRows + scoreRows);
    const held = groups.map((rows) => heldOut(rows.length, share));
    score = groups.map((rows, label) => rows.slice(0, held[label]));
    fit = groups.map((rows, label) => rows.slice(held[label]));
    warnings.push(...singles(dataset, groups));
  }
  const chosen = {
    fit: shuffled(capped(fit, fitRows), rng.derive('fit-order')),
    score: shuffled(capped(score, scoreRows), rng.derive('score-order')),
  };
  const scored = new Set(chosen.score.map((row) => row.label));
  const usable = new Set(chosen.fit.flatMap(({ label }) => (scored.has(label) ? [label] : [])));
  if (usable.size < 2)
    throw new MoatError(
      'dataset-too-small',
      `${dataset.name} has ${usable.size === 0 ? 'no class' : 'only one class'} with images both to fit and to score; a task needs at least two.`,
    );
  return { ...chosen, warnings: [...warnings, ...caps(dataset, fit, score, fitRows, scoreRows)] };
}

/**
 * Every image that may serve as an attacker's pool, shuffled: the training part where there is one, so that a pool named
 * by the same path as a task never holds its test images.
 */
export function poolOrder(dataset: Dataset, rng: Rng): readonly ItemRef[] {
  const name = (['train', 'all', 'test'] as const).find((candidate) => dataset.splits[candidate]);
  const source = name === undefined ? undefined : dataset.splits[name];
  if (name === undefined || !source) return [];
  const refs = source.items.map(({ id, label }, index): ItemRef => ({ split: name, index, id, label }));
  return shuffled(refs, rng);
}

/** Labelled rows by class, each class shuffled. */
function byClass(
  dataset: Dataset,
  sources: readonly (readonly [SplitName, Split])[],
  rng: Rng,
): LabelledRef[][] {
  const groups = dataset.classes.map((): LabelledRef[] => []);
  for (const [split, { items }] of sources)
    items.forEach(({ id, label }, index) => {
      if (label !== null) groups[label]?.push({ split, index, id, label });
    });
  return groups.map((rows, label) => shuffled(rows, rng.derive(String(label))));
}

/** Rows of one class kept for scoring: its share, but one at least on each side; a single image fits. */
function heldOut(rows: number, share: number): number {
  return rows < 2 ? 0 : Math.min(rows - 1, Math.max(1, Math.round(rows * share)));
}

/**
 * At most `cap` rows, each class in proportion to its size (largest remainders), and none without a row while the cap
 * allows.
 */
function capped(groups: readonly (readonly LabelledRef[])[], cap: number): LabelledRef[] {
  const total = groups.reduce((sum, rows) => sum + rows.length, 0);
  if (total <= cap) return groups.flat();
  const exact = groups.map((rows) => (rows.length * cap) / total);
  const quota = exact.map((value, label) => Math.max(Math.floor(value), groups[label]?.length ? 1 : 0));
  let left = cap - quota.reduce((sum, value) => sum + value, 0);
  const byRemainder = exact
    .map((value, label) => ({ label, remainder: value - (quota[label] ?? 0) }))
    .sort((a, b) => b.remainder - a.remainder || a.label - b.label);
  for (const { label } of byRemainder) {
    if (left <= 0) break;
    if ((quota[label] ?? 0) >= (groups[label]?.length ?? 0)) continue;
    quota[label] = (quota[label] ?? 0) + 1;
    left -= 1;
  }
  // The guaranteed single rows of tiny classes are taken back from the largest.
  while (left < 0) {
    const largest = quota.indexOf(Math.max(...quota));
    quota[largest] = (quota[largest] ?? 0) - 1;
    left += 1;
  }
  return groups.flatMap((rows, label) => rows.slice(0, quota[label]));
}

function shuffled<Row>(rows: readonly Row[], rng: Rng): Row[] {
  return Array.from(rng.permutation(rows.length)).flatMap((from) => rows.slice(from, from + 1));
}

function singles(dataset: Dataset, groups: readonly (readonly LabelledRef[])[]): string[] {
  const names = dataset.classes.filter((_, label) => groups[label]?.length === 1);
  if (names.length === 0) return [];
  return [
    names.length === 1
      ? `${dataset.name}: the class ${names[0]} has one image; it is used to fit and never scored.`
      : `${dataset.name}: ${names.length} classes have one image (${listed(names)}); they are used to fit and never scored.`,
  ];
}

function missingSides(
  dataset: Dataset,
  fit: readonly (readonly LabelledRef[])[],
  score: readonly (readonly LabelledRef[])[],
): string[] {
  const without = (side: readonly (readonly LabelledRef[])[]): string[] =>
    dataset.classes.filter((_, label) => side[label]?.length === 0);
  const sentence = (names: readonly string[], where: string): string[] =>
    names.length === 0
      ? []
      : [
          `${dataset.name}: ${names.length} ${names.length === 1 ? 'class has' : 'classes have'} no image ${where} (${listed(names)}).`,
        ];
  return [...sentence(without(fit), 'to fit'), ...sentence(without(score), 'to score')];
}

function caps(
  dataset: Dataset,
  fit: readonly (readonly LabelledRef[])[],
  score: readonly (readonly LabelledRef[])[],
  fitRows: number,
  scoreRows: number,
): string[] {
  const [fitTotal, scoreTotal] = [fit.flat().length, score.flat().length];
  if (fitTotal <= fitRows && scoreTotal <= scoreRows) return [];
  return [
    `${dataset.name}: ${Math.min(fitRows, fitTotal)} of ${fitTotal} rows to fit and ${Math.min(scoreRows, scoreTotal)} of ${scoreTotal} to score are used (seeded, by class).`,
  ];
}

function listed(names: readonly string[]): string {
  return names.length <= 5
    ? names.join(', ')
    : `${names.slice(0, 5).join(', ')} and ${names.length - 5} more`;
}
