import type { Images, Matrix } from '../contract/data.ts';
import type { Encoder, PreflightCheck } from '../contract/encoder.ts';
import { columnSpreads, largestRelativeDifference, rowNorms, summaryOf } from './vector-figures.ts';

/** The questions of the preflight: each looks at embeddings and answers with a status and one sentence. */

/** Below this many different images, a dimension that never changes may be chance. */
const ENOUGH_IMAGES = 8;
/** Float32 sums in another order differ by this much of the largest value; more has another cause. */
const ROUNDING = 1e-4;
/** A spread below this share of the values' size is rounding, not information. */
const CONSTANT = 1e-5;

export function shapeCheck({ description }: Encoder, images: Images, embeddings: Matrix): PreflightCheck {
  const { height, width, layout } = description.preprocessing;
  const batch =
    description.fixedBatch === null ? 'any number at a time' : `exactly ${description.fixedBatch} at a time`;
  return {
    id: 'shape',
    status: 'ok',
    sentence: `It takes RGB images of ${height} x ${width} pixels (${layout.toUpperCase()}), ${batch}, and answered ${images.count} of them.`,
    figures: { height, width, images: images.count, rows: embeddings.rows },
  };
}

export function dimensionCheck({ description }: Encoder, { columns }: Matrix): PreflightCheck {
  const pooled = description.pooling === 'none' ? '' : `, pooled (${description.pooling})`;
  const tiny = columns < 8;
  return {
    id: 'dimension',
    status: tiny ? 'warning' : 'ok',
    sentence: `An embedding has ${columns} numbers (output "${description.output}"${pooled})${tiny ? ': few for an embedding, more like class scores' : ''}.`,
    figures: { dimension: columns },
  };
}

export function finiteCheck({ data }: Matrix): PreflightCheck {
  const broken = data.reduce((count, value) => (Number.isFinite(value) ? count : count + 1), 0);
  return {
    id: 'finite',
    status: broken === 0 ? 'ok' : 'problem',
    sentence:
      broken === 0
        ? 'Every number the encoder returned is finite.'
        : `${broken} of the ${data.length} numbers the encoder returned are NaN or infinite.`,
    figures: { notFinite: broken, values: data.length },
  };
}

export function normsCheck(embeddings: Matrix): PreflightCheck {
  const { mean, minimum, maximum } = summaryOf(rowNorms(embeddings).filter(Number.isFinite));
  const perDimension = summaryOf(columnSpreads(embeddings).map(({ standardDeviation }) => standardDeviation));
  const unit = Math.abs(minimum - 1) < 1e-3 && Math.abs(maximum - 1) < 1e-3;
  const extreme = mean > 0 && (mean > 1e4 || mean < 1e-4);
  return {
    id: 'norms',
    status: extreme ? 'warning' : 'ok',
    sentence: unit
      ? 'Every embedding has length 1: the encoder normalizes them.'
      : `Embeddings are ${short(mean)} long on average (${short(minimum)} to ${short(maximum)})${extreme ? ', an unusual size: check --range, --mean and --std' : ''}.`,
    figures: finiteOnly({ mean, minimum, maximum, standardDeviationPerDimension: perDimension.mean }),
  };
}

/** The three questions about what changes from image to image. */
export function spreadChecks(embeddings: Matrix): readonly PreflightCheck[] {
  const spreads = columnSpreads(embeddings);
  const scale = Math.max(...spreads.map(({ largest }) => largest), Number.MIN_VALUE);
  const zero = spreads.filter(({ largest }) => largest === 0).length;
  const still = spreads.filter(({ range, largest }) => largest > 0 && range <= CONSTANT * scale).length;
  const few = embeddings.rows < ENOUGH_IMAGES;
  const total = embeddings.columns;
  const caution = few ? `; ${embeddings.rows} different images are too few to be sure` : '';
  const constant = embeddings.rows > 1 && zero + still === total;
  return [
    {
      id: 'constant-dimensions',
      status: still === 0 || few ? 'ok' : 'warning',
      sentence:
        still === 0
          ? `No dimension is stuck at one value${caution}.`
          : `${still} of ${total} dimensions have the same value for every image${caution}.`,
      figures: { constant: still, dimension: total },
    },
    {
      id: 'padded-dimensions',
      status: zero === 0 || few ? 'ok' : 'warning',
      sentence:
        zero === 0
          ? `No dimension is always 0${caution}.`
          : `${zero} of ${total} dimensions are 0 for every image: padding or dead units${caution}.`,
      figures: { zero, dimension: total },
    },
    {
      id: 'constant',
      status: constant ? 'problem' : embeddings.rows < 2 ? 'warning' : 'ok',
      sentence: constant
        ? `The encoder returned the same vector for ${embeddings.rows} different images.`
        : embeddings.rows < 2
          ? 'Only one image was there to look at, so nothing can be said about differences between images.'
          : 'Different images get different vectors.',
      figures: { images: embeddings.rows },
    },
  ];
}

export function determinismCheck(first: Matrix, second: Matrix): PreflightCheck {
  const difference = largestRelativeDifference(first, second);
  const sentence =
    difference === 0
      ? 'The same images asked twice got identical replies.'
      : difference <= ROUNDING
        ? `The same images asked twice got the same replies up to rounding (${short(difference)}).`
        : `The same images asked twice got different replies (by up to ${short(difference)} of the largest value): the model draws random numbers, as with dropout left on.`;
  return {
    id: 'determinism',
    status: difference <= ROUNDING ? 'ok' : 'warning',
    sentence,
    figures: finiteOnly({ relativeDifference: difference }),
  };
}

export function batchCheck(encoder: Encoder, first: Matrix, second: Matrix, alone: Matrix): PreflightCheck {
  const head = (source: Matrix): Matrix => ({
    data: source.data.subarray(0, alone.data.length),
    rows: alone.rows,
    columns: alone.columns,
  });
  const difference = largestRelativeDifference(head(first), alone);
  const random = largestRelativeDifference(first, second) > ROUNDING;
  const depends = difference > ROUNDING && !random;
  const sentence = random
    ? 'Whether the batch matters cannot be told from an encoder that answers at random.'
    : depends
      ? `An image alone gets another reply than within a batch (by up to ${short(difference)} of the largest value): batch normalization was exported in training mode.`
      : encoder.description.fixedBatch === 1
        ? 'Images go in one by one, so a reply cannot depend on the others.'
        : 'An image alone gets the same reply as within a batch.';
  return {
    id: 'batch-consistency',
    status: depends || random ? 'warning' : 'ok',
    sentence,
    figures: finiteOnly({ relativeDifference: difference }),
  };
}

export function throughputCheck(images: Images, elapsedMs: number): PreflightCheck {
  const perSecond = elapsedMs > 0 ? (1000 * images.count) / elapsedMs : 0;
  return {
    id: 'throughput',
    status: 'ok',
    sentence:
      perSecond > 0
        ? `It embeds about ${short(perSecond)} images per second here.`
        : 'It was too fast to time on so few images.',
    figures: { imagesPerSecond: perSecond, elapsedMs },
  };
}

/** Three significant digits without an exponent where that stays readable. */
function short(value: number): string {
  const rounded = Number(value.toPrecision(3));
  return Math.abs(rounded) >= 1e-4 && Math.abs(rounded) < 1e7 ? String(rounded) : value.toExponential(1);
}

function finiteOnly(figures: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(figures).filter(([, value]) => Number.isFinite(value)));
}
