import type { EncoderSheet } from '../contract/bridge.ts';
import type { Clock } from '../contract/context.ts';
import { imageBytes } from '../contract/data.ts';
import type {
  EncoderDescription,
  EncoderOptions,
  ExpectationReport,
  Preprocessing,
} from '../contract/encoder.ts';
import { DEMO_PATH, openDataset } from '../datasets/dataset.ts';
import { pictureUrl } from '../datasets/picture.ts';
import { readImages } from '../datasets/read.ts';
import { encoderFile } from '../encoder/demo-encoder.ts';
import { examplePictures } from '../encoder/example-pictures.ts';
import { preflightSpeed } from '../plan/cost.ts';
import { createEngine } from '../tensor/engine.ts';
import { MOST_LISTED } from './data-sheet.ts';
import { inspectReport } from './inspect-report.ts';

export interface EncoderQuestion {
  readonly path: string;
  readonly options: EncoderOptions;
  /** A data set whose images it is run on; without one, drawn images are. */
  readonly images?: string | undefined;
  readonly expect?: string | undefined;
}

const EXAMPLES = 10;
/** Examples of larger inputs are shrunk: ten of 4096 pixels would be no picture to look at but a download. */
const MOST_SIDE = 224;

/**
 * What a person should see of an encoder before an audit: what `moat inspect` prints, with pictures.
 * @throws MoatError `encoder-*`, `path-missing`, `dataset-*`
 */
export async function encoderSheet(question: EncoderQuestion, clock: Clock): Promise<EncoderSheet> {
  const { options, images, expect } = question;
  // One thread, as cells have: the throughput it shows is theirs.
  const engine = await createEngine('onnx', { threads: 1 });
  try {
    const encoder = encoderFile(question.path);
    const report = await inspectReport({
      encoder,
      options,
      images,
      expect,
      mostListed: MOST_LISTED,
      engine,
      clock,
    });
    const { encoder: description } = report;
    const examples = await drawExamples(images, description.preprocessing);
    return {
      name: question.path.split(/[\\/]/).at(-1) ?? question.path,
      digest: description.digest,
      sizeBytes: description.sizeBytes,
      inputs: description.inputs.map(tensorShape),
      outputs: description.outputs.map(tensorShape),
      dimension: report.preflight.dimension,
      preprocessing: preprocessingRows(description),
      options: valuesInForce(description, options),
      checks: report.preflight.checks.map(({ id, status, sentence }) => ({ id, status, sentence })),
      auditable: report.auditable,
      imagesPerSecond: preflightSpeed(report.preflight) || null,
      ...examples,
      expectation: report.expectation === null ? null : expectation(report.expectation, description),
      notes: [...description.notes, ...report.notes],
    };
  } finally {
    await engine.dispose();
  }
}

async function drawExamples(
  source: string | undefined,
  preprocessing: Preprocessing,
): Promise<Pick<EncoderSheet, 'examples' | 'exampleValues'>> {
  const dataset = await openDataset(source ?? DEMO_PATH, undefined, MOST_LISTED);
  const split = (['test', 'all', 'train'] as const).find((name) => dataset.splits[name] !== undefined);
  const count = split === undefined ? 0 : (dataset.splits[split]?.items.length ?? 0);
  const wanted = Math.min(EXAMPLES, count);
  const indices = Array.from({ length: wanted }, (_, i) => Math.floor((i * count) / wanted));
  const { images } = await readImages(dataset, split ?? 'all', indices, preprocessing);
  const { pixels, values, drawn } = examplePictures(images, preprocessing);
  const size = imageBytes(images);
  const examples: string[] = [];
  for (let image = 0; image < images.count; image++)
    examples.push(await pictureUrl(pixels.subarray(image * size, (image + 1) * size), images, MOST_SIDE));
  return { examples, exampleValues: { values, drawn } };
}

function tensorShape(port: EncoderDescription['inputs'][number]): EncoderSheet['inputs'][number] {
  return { name: port.name, type: port.elementType, shape: port.shape };
}

function preprocessingRows({
  preprocessing: values,
  preprocessingSources: sources,
}: EncoderDescription): EncoderSheet['preprocessing'] {
  const resizing =
    values.resize === 'crop'
      ? `shorter side to ${values.resizeTo}, then the center`
      : 'stretched to the size';
  const rows: readonly (readonly [name: string, key: keyof Preprocessing, value: string])[] = [
    ['size', 'height', `${values.height} x ${values.width}`],
    ['resize', 'resize', resizing],
    ['interpolation', 'interpolation', values.interpolation],
    ['channels', 'channels', values.channels],
    ['layout', 'layout', values.layout],
    ['range', 'range', values.range],
    ['mean', 'mean', numbers(values.mean)],
    ['std', 'std', numbers(values.std)],
  ];
  return rows.map(([name, key, value]) => ({ name, value, source: sources[key] }));
}

/** The values in force, as the options that would set them. */
function valuesInForce(
  { preprocessing, output, pooling }: EncoderDescription,
  { projection }: EncoderOptions,
): EncoderOptions {
  return {
    ...preprocessingOptions(preprocessing),
    output,
    pooling,
    ...(projection === undefined ? {} : { projection }),
  };
}

function preprocessingOptions({ height, width, mean, std, layout, range }: Preprocessing): EncoderOptions {
  return { ...(height === width ? { size: height } : {}), mean, std, layout, range };
}

/** The best candidate is offered where options can set it: resizing and the order of channels they cannot. */
function expectation(
  { proven, sentence, candidates: [best] }: ExpectationReport,
  { preprocessing: current }: EncoderDescription,
): EncoderSheet['expectation'] {
  const isReachable =
    best !== undefined &&
    !proven &&
    best.preprocessing.channels === current.channels &&
    best.preprocessing.resize === current.resize &&
    best.preprocessing.interpolation === current.interpolation;
  const better = isReachable
    ? { label: best.label, options: preprocessingOptions(best.preprocessing) }
    : null;
  return { proven, sentence, better };
}

function numbers(values: readonly number[]): string {
  return values.map((value) => Number(value.toPrecision(5))).join(', ');
}
