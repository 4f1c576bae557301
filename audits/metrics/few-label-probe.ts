import { selectRows } from '../contract/data.ts';
import { fitLogisticRegression, predictClasses } from '../tensor/linear-algebra/logistic-regression.ts';
import { applyStandardizer, fitStandardizer } from '../tensor/linear-algebra/standardize.ts';
import { itemwise, matches, type EncoderView, type Metric } from './metric.ts';
import { stratifiedDraw } from './split.ts';

/**
 * Linear probe with 100 labels: what an encoder is worth to someone with little labelled data. A full probe on a
 * linear map of a public backbone only reads the backbone; with few labels the geometry has to help.
 */

const LABELS = 100;
/** C = 1 at 100 rows; too few rows to choose a penalty on. */
const L2 = 1e-2;

export const fewLabelProbe: Metric<EncoderView> = {
  meta: {
    id: 'few-label-probe-accuracy',
    version: 2,
    title: 'Probe accuracy with 100 labels',
    summary: 'Test accuracy of a logistic regression fitted on 100 labelled embeddings.',
    unit: 'fraction',
    higherIs: 'more stolen',
    reference: {
      authors: 'Chen, Kornblith, Swersky, Norouzi, Hinton',
      title: 'Big Self-Supervised Models are Strong Semi-Supervised Learners',
      venue: 'NeurIPS',
      year: 2020,
      url: 'https://arxiv.org/abs/2006.10029',
    },
  },
  async measure(view, { engine, rng }) {
    const { drawn } = stratifiedDraw(rng.derive(`few-labels/${view.task}`), view.fit.labels, LABELS);
    // Standardised on all rows: whoever holds the encoder can embed unlabelled images too.
    const standardizer = await fitStandardizer(view.fit.embeddings);
    const model = await fitLogisticRegression(
      engine,
      applyStandardizer(standardizer, selectRows(view.fit.embeddings, drawn)),
      Int32Array.from(drawn, (row) => view.fit.labels[row] ?? 0),
      view.classes,
      { l2: L2 },
    );
    const score = applyStandardizer(standardizer, view.score.embeddings);
    return itemwise(matches(await predictClasses(engine, model, score), view.score.labels));
  },
};
