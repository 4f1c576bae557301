import { matrixRow, type Images, type Matrix } from '../contract/data.ts';
import type {
  EncoderDescription,
  EncoderOptions,
  ExpectationMatch,
  ExpectationReport,
  ImageGeometry,
  Preprocessing,
} from '../contract/encoder.ts';
import type { Engine, LoadedModel } from '../contract/engine.ts';
import { MoatError } from '../contract/errors.ts';
import { describeEncoder } from './describe.ts';
import { embedWith } from './encoder.ts';
import { geometryCandidates, valueCandidates } from './preprocessing-candidates.ts';
import { lengthOf } from './vector-figures.ts';

/** What production answered: its vectors, and its input images decoded for any geometry, in the same order. */
export interface ProductionReplies {
  images(geometry: ImageGeometry): Promise<Images>;
  /** `[images, dimension]` */
  readonly vectors: Matrix;
}

/** Equal up to the rounding of another runtime on another machine. */
const EXACT_ERROR = 1e-3;
/** Another decoder or resizing library than production's leaves at most this much. */
const CLOSE_ERROR = 0.03;
/** How many times worse the next candidate must be before a close match proves anything. */
const CLEAR_LEAD = 3;
/** Value candidates that are combined with every geometry. */
const FINALISTS = 3;
const LISTED = 12;

/**
 * Compares the encoder's replies under its current preprocessing, and under every usual other one, with what
 * production returned for the same images.
 * @throws MoatError `encoder-*`; `dataset-format` when images and vectors differ in number
 */
export async function checkExpectation(
  engine: Pick<Engine, 'loadModel'>,
  path: string,
  options: EncoderOptions,
  production: ProductionReplies,
): Promise<ExpectationReport> {
  const description = await describeEncoder(path, options);
  const model = await engine.loadModel(path);
  try {
    return await compareAll(model, description, production);
  } finally {
    await model.dispose();
  }
}

async function compareAll(
  model: LoadedModel,
  description: EncoderDescription,
  production: ProductionReplies,
): Promise<ExpectationReport> {
  const current = description.preprocessing;
  const images = await production.images(current);
  if (images.count !== production.vectors.rows || images.count === 0)
    throw new MoatError(
      'dataset-format',
      `The expected replies hold ${production.vectors.rows} vectors for ${images.count} readable images.`,
    );
  const compare = async (
    label: string,
    preprocessing: Preprocessing,
    decoded: Images,
  ): Promise<ExpectationMatch> => ({
    label,
    preprocessing,
    ...differences(await embedWith(model, description, preprocessing, decoded), production.vectors),
  });
  const first = await embedWith(model, description, current, images);
  if (first.columns !== production.vectors.columns)
    return otherDimension(description, images.count, first.columns, production.vectors.columns);

  const matches: ExpectationMatch[] = [
    { label: 'current', preprocessing: current, ...differences(first, production.vectors) },
  ];
  for (const { label, preprocessing } of valueCandidates(current, description))
    matches.push(await compare(label, preprocessing, images));

  const ranked = matches.toSorted(bestFirst);
  // An exact match leaves no doubt about the values: only its own geometry is varied.
  const finalists = ranked.slice(0, (ranked[0]?.meanRelativeError ?? 1) <= EXACT_ERROR ? 1 : FINALISTS);
  const decodedAlready = new Set([images.hashes.join()]);
  for (const { label: geometryLabel, geometry } of geometryCandidates(current)) {
    const decoded = await production.images(geometry);
    // Images that are at the input size already come out the same whatever the geometry.
    if (decodedAlready.has(decoded.hashes.join())) continue;
    decodedAlready.add(decoded.hashes.join());
    for (const { label, preprocessing } of finalists)
      matches.push(await compare(`${label}, ${geometryLabel}`, { ...preprocessing, ...geometry }, decoded));
  }
  return judge(images.count, matches);
}

/** Cosine per row and Euclidean error relative to production's length, summarised over the rows. */
export function differences(
  ours: Matrix,
  production: Matrix,
): Pick<ExpectationMatch, 'meanCosine' | 'minCosine' | 'meanRelativeError'> {
  let cosineSum = 0;
  let minCosine = 1;
  let errorSum = 0;
  for (let row = 0; row < production.rows; row++) {
    const a = matrixRow(ours, row);
    const b = matrixRow(production, row);
    let dot = 0;
    let squaredError = 0;
    for (const [i, value] of a.entries()) {
      const other = b[i] ?? 0;
      dot += value * other;
      squaredError += (value - other) ** 2;
    }
    const lengthB = lengthOf(b);
    const product = lengthOf(a) * lengthB;
    // NaN anywhere counts as no likeness at all.
    const cosine = product > 0 && Number.isFinite(dot / product) ? dot / product : 0;
    const error = lengthB > 0 ? Math.sqrt(squaredError) / lengthB : Math.sqrt(squaredError);
    cosineSum += cosine;
    minCosine = Math.min(minCosine, cosine);
    errorSum += Number.isFinite(error) ? error : Number.MAX_VALUE / production.rows;
  }
  return {
    meanCosine: cosineSum / production.rows,
    minCosine,
    meanRelativeError: errorSum / production.rows,
  };
}

function bestFirst(a: ExpectationMatch, b: ExpectationMatch): number {
  return a.meanRelativeError - b.meanRelativeError || b.meanCosine - a.meanCosine;
}

function judge(images: number, matches: readonly ExpectationMatch[]): ExpectationReport {
  const ranked = matches.toSorted(bestFirst);
  const [best] = ranked;
  const current = matches.find(({ label }) => label === 'current') ?? best;
  if (best === undefined || current === undefined) throw new RangeError('no candidate to judge');
  const runnerUp = ranked.find((match) => match !== current);
  const exact = current.meanRelativeError <= EXACT_ERROR;
  const clearlyAhead =
    best === current &&
    current.meanRelativeError <= CLOSE_ERROR &&
    (runnerUp === undefined || runnerUp.meanRelativeError >= CLEAR_LEAD * current.meanRelativeError);
  const listed = ranked.slice(0, LISTED);
  return {
    images,
    proven: exact || clearlyAhead,
    candidates: listed.includes(current) ? listed : [...listed.slice(0, -1), current],
    sentence: sentenceFor(images, current, best, exact, clearlyAhead),
  };
}

function sentenceFor(
  images: number,
  current: ExpectationMatch,
  best: ExpectationMatch,
  exact: boolean,
  clearlyAhead: boolean,
): string {
  const off = percent(current.meanRelativeError);
  if (exact)
    return `This is production's preprocessing: ${images} replies are reproduced up to rounding (${off} off).`;
  if (clearlyAhead)
    return `This is production's preprocessing: ${images} replies are reproduced within ${off}, what another image decoder leaves, and no other candidate comes near.`;
  if (best !== current && best.meanRelativeError <= CLOSE_ERROR)
    return `This is not production's preprocessing: its replies are ${off} off on average, while "${best.label}" is only ${percent(best.meanRelativeError)} off.`;
  if (current.minCosine >= 1 - EXACT_ERROR)
    return `Production's replies point the same way but have another length (${off} off): it scales its vectors, to length 1 for instance, after the encoder.`;
  return `No candidate reproduces production: the current preprocessing is ${off} off on average, the best one ("${best.label}") ${percent(best.meanRelativeError)}; the file may not be production's encoder, or it changes its replies.`;
}

function percent(share: number): string {
  return share > 1e6 ? 'immeasurably' : `${Number((100 * share).toPrecision(2))} %`;
}

function otherDimension(
  { output, outputs }: EncoderDescription,
  images: number,
  ours: number,
  theirs: number,
): ExpectationReport {
  const fitting = outputs
    .filter((port) => port.name !== output && port.shape.at(-1) === theirs)
    .map((port) => `--output ${port.name}`);
  const advice = fitting.length > 0 ? `; try ${fitting.join(' or ')}` : '';
  return {
    images,
    proven: false,
    candidates: [],
    sentence: `Production's vectors have ${theirs} numbers, the output "${output}" has ${ours}${advice}.`,
  };
}
