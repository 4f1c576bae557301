import type { AugmentationId } from '../augment/registry.ts';
import { datasetFacts, missingData, type DatasetId } from './data-at-hand.ts';
import {
  notRun,
  place,
  type EncoderSource,
  type Means,
  type OwnershipFigure,
  type OwnStep,
  type PaperValue,
  type Place,
  type Source,
  type Step,
  type TablePlan,
} from './table.ts';
import {
  attackArguments,
  byLoss,
  imagesTrained,
  leftOut,
  taskArguments,
  trainingOf,
  withSettings,
} from './theft.ts';

/** What Tables 5, 16 and 17 have in common: a victim trained with the rotation mark, and what is read from its copies. */

export interface MarkedCopy {
  readonly loss: 'MSE' | 'SoftNN' | 'InfoNCE';
  /** What is done to images before they are sent; default: nothing. */
  readonly queryAugmentation?: AugmentationId;
  /** Whose training images are sent. */
  readonly sent: DatasetId;
  /** The paper's number of queries. */
  readonly queries: number;
  readonly values: readonly { readonly at: Place; readonly figure: OwnershipFigure }[];
}

/** The line at chance in the paper's Figure 2. */
export const INDEPENDENT: PaperValue = { row: 'independent encoder', column: 'any', value: 50 };
const INDEPENDENT_PLACE = place(INDEPENDENT.row, INDEPENDENT.column);

/** One copy a value, as in the paper: each takes a test of its own. */
const SEEDS = 1;
/** 30 batches of 32 images: the paper's number of accuracies a side. */
const IMAGES = '960';

/** @param values every value of the table, for those that nothing makes */
export function planMarks(
  means: Means,
  values: readonly PaperValue[],
  copies: readonly MarkedCopy[],
): TablePlan {
  const { data, scale } = means;
  const cifar10 = data.cifar10;
  if (cifar10 === undefined)
    return {
      steps: [],
      sources: new Map(values.map(({ row, column }) => [place(row, column), notRun(missingData('cifar10'))])),
    };
  const sources = new Map<Place, Source>();
  const marked = trainingOf('cifar10', means, { seed: 0, kind: 'marked' });
  const random = trainingOf('cifar10', means, { seed: 1 });
  const victim: EncoderSource = { kind: 'trained', step: marked.id };
  const independent: EncoderSource = { kind: 'trained', step: random.id };
  const steps: Step[] = [...marked.steps, ...random.steps];
  const read = (id: string, title: string, suspect: EncoderSource): OwnStep => ({
    kind: 'own',
    id,
    title,
    victim,
    suspect,
    mark: victim,
    ...(suspect === independent ? {} : { independent }),
    arguments: ['--private', cifar10.whole, '--tests', 'watermark-success-rate', '--images', IMAGES],
    minutes: 0.3,
    trainedImages: 0,
  });
  const runnable = copies.filter(
    ({ sent, queries }) => data[sent] !== undefined && scale.queries(queries) !== null,
  );
  for (const { sent, queries, values: wanted } of copies)
    for (const { at } of wanted)
      sources.set(at, notRun(data[sent] === undefined ? missingData(sent) : leftOut(queries, scale.id)));
  const reads: OwnStep[] = [];
  for (const sent of new Set(runnable.map((copy) => copy.sent))) {
    const ofSet = runnable.filter((copy) => copy.sent === sent);
    // As in the paper the thief trains on what it sent: its mirror image, turned as far the other way, is of the other class.
    const attackOf = ({ loss, queryAugmentation }: MarkedCopy): string =>
      withSettings(byLoss[loss](means), [
        'augmentation=none',
        ...(queryAugmentation === undefined ? [] : [`queryAugmentation=${queryAugmentation}`]),
      ]);
    const thefts = ofSet.map((copy) => ({ attack: attackOf(copy), queries: copy.queries }));
    const audit = `thefts-${sent}`;
    steps.push({
      kind: 'audit',
      id: audit,
      title: `copies by images of ${datasetFacts[sent].title}`,
      encoder: victim,
      arguments: [
        '--pool',
        data[sent]?.whole ?? '',
        ...taskArguments(means, 'cifar10'),
        ...attackArguments({ ...means, seeds: SEEDS }, thefts),
        '--defenses',
        'none',
      ],
      minutes: scale.id === 'reduced' ? 2 * thefts.length : null,
      trainedImages: imagesTrained({ ...means, seeds: SEEDS }, thefts),
    });
    for (const copy of ofSet) {
      const { loss, queryAugmentation, queries, values: wanted } = copy;
      const views = queryAugmentation === undefined ? '' : `-${queryAugmentation}`;
      const id = `${loss.toLowerCase()}${views}-${sent}-${queries}`;
      reads.push(
        read(id, `a copy by ${loss}`, {
          kind: 'copy',
          step: audit,
          attack: attackOf(copy),
          budget: scale.queries(queries) ?? 0,
        }),
      );
      for (const { at, figure } of wanted) sources.set(at, { kind: 'ownership', step: id, figure });
    }
  }
  if (values.includes(INDEPENDENT)) {
    reads.push(read('independent', 'an independent encoder', independent));
    sources.set(INDEPENDENT_PLACE, { kind: 'ownership', step: 'independent', figure: 'rate' });
  }
  return reads.length === 0 ? { steps: [], sources } : { steps: [...steps, ...reads], sources };
}
