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
import { attackArguments, byLoss, imagesTrained, leftOut, taskArguments, trainingOf } from './theft.ts';

/** What Tables 5, 16 and 17 have in common: a victim trained with the rotation mark, and what is read from its copies. */

export interface MarkedCopy {
  readonly loss: 'MSE' | 'SoftNN' | 'InfoNCE';
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
  const sources = new Map<Place, Source>(
    values.map(({ row, column }) => [
      place(row, column),
      notRun('no attack of this program sends one augmented view of each image'),
    ]),
  );
  const cifar10 = data.cifar10;
  if (cifar10 === undefined) {
    for (const at of sources.keys()) sources.set(at, notRun(missingData('cifar10')));
    return { steps: [], sources };
  }
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
    const thefts = ofSet.map(({ loss, queries }) => ({ attack: byLoss[loss](means), queries }));
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
    for (const { loss, queries, values: wanted } of ofSet) {
      const id = `${loss.toLowerCase()}-${sent}-${queries}`;
      reads.push(
        read(id, `a copy by ${loss}`, {
          kind: 'copy',
          step: audit,
          attack: byLoss[loss](means),
          budget: scale.queries(queries) ?? 0,
        }),
      );
      for (const { at, figure } of wanted) sources.set(at, { kind: 'ownership', step: id, figure });
    }
  }
  if (sources.has(INDEPENDENT_PLACE)) {
    reads.push(read('independent', 'an independent encoder', independent));
    sources.set(INDEPENDENT_PLACE, { kind: 'ownership', step: 'independent', figure: 'rate' });
  }
  return reads.length === 0 ? { steps: [], sources } : { steps: [...steps, ...reads], sources };
}
