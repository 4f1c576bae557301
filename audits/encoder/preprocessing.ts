import type {
  EncoderOptions,
  ImageLayout,
  PixelRange,
  Preprocessing,
  PreprocessingSource,
} from '../contract/encoder.ts';
import type { ModelPort } from '../contract/engine.ts';
import { MoatError } from '../contract/errors.ts';
import { expectedRange, type InputArithmetic } from './input-arithmetic.ts';
import { normalizationOf } from './statistics.ts';

/** What is known about the image input before its preprocessing is settled. */
export interface InputFacts {
  readonly port: ModelPort;
  readonly layout: ImageLayout;
  /** True when shape or names prove the layout. */
  readonly layoutCertain: boolean;
  readonly height: number | null;
  readonly width: number | null;
  readonly arithmetic: InputArithmetic | undefined;
}

export interface ResolvedPreprocessing {
  readonly preprocessing: Preprocessing;
  readonly sources: Readonly<Record<keyof Preprocessing, PreprocessingSource>>;
  readonly notes: readonly string[];
}

/** Encoders of tiny images (CIFAR 32, STL 96 stays out) see whole images in 0...1; larger ones a centre crop. */
const TINY_SIDE = 64;
const USUAL_SIDE = 224;
/** torchvision and timm evaluate ImageNet encoders on the central 224 of 256 pixels. */
const USUAL_CROP = 224 / 256;
const LARGEST_SIDE = 4096;

type Layer = Partial<Preprocessing>;

/**
 * Settles every preprocessing value: a flag wins, then what the model's shape fixes, then
 * `preprocessor_config.json`, then what the graph shows, then a guess.
 * @throws MoatError `encoder-preprocessing-invalid`
 */
export function resolvePreprocessing(
  facts: InputFacts,
  options: EncoderOptions,
  configured: Layer | undefined,
): ResolvedPreprocessing {
  checkOptions(facts, options);
  const notes: string[] = [];
  const flags = flagLayer(options);
  const fixed = fixedLayer(facts);
  const config = configLayer(configured, { ...fixed, ...flags }, notes);
  const model = graphLayer(facts, flags, config, notes);
  const layers: readonly (readonly [PreprocessingSource, Layer])[] = [
    ['flag', flags],
    ['model', fixed],
    ['preprocessor_config', config],
    ['model', model],
  ];
  const known = pick(layers);
  const guess = guessLayer(facts, known.values);
  const { values, sources } = pick([...layers, ['guess', guess]]);
  const preprocessing = withRoomToCrop(values as Preprocessing);
  checkElementType(facts, preprocessing);
  notes.push(...guessNotes(facts, sources, preprocessing));
  return { preprocessing, sources: sources as ResolvedPreprocessing['sources'], notes };
}

function pick(layers: readonly (readonly [PreprocessingSource, Layer])[]): {
  readonly values: Layer;
  readonly sources: Partial<Record<keyof Preprocessing, PreprocessingSource>>;
} {
  const values: Layer = {};
  const sources: Partial<Record<keyof Preprocessing, PreprocessingSource>> = {};
  // Weakest first, so that stronger layers overwrite.
  for (const [source, layer] of layers.toReversed()) {
    Object.assign(values, layer);
    for (const key of Object.keys(layer) as (keyof Preprocessing)[]) sources[key] = source;
  }
  return { values, sources };
}

/** The edge before the crop is never shorter than what is cut out of it; without a crop it has no meaning. */
function withRoomToCrop(preprocessing: Preprocessing): Preprocessing {
  const { height, width, resize, resizeTo } = preprocessing;
  const sides = [height, width];
  return {
    ...preprocessing,
    resizeTo: resize === 'crop' ? Math.max(resizeTo, ...sides) : Math.min(...sides),
  };
}

function flagLayer({ size, mean, std, layout, range }: EncoderOptions): Layer {
  return {
    ...(size === undefined ? {} : { height: size, width: size }),
    ...(mean === undefined ? {} : { mean }),
    ...(std === undefined ? {} : { std }),
    ...(layout === undefined ? {} : { layout }),
    ...(range === undefined ? {} : { range }),
  };
}

function fixedLayer(facts: InputFacts): Layer {
  return {
    ...(facts.height === null ? {} : { height: facts.height }),
    ...(facts.width === null ? {} : { width: facts.width }),
    ...(facts.layoutCertain ? { layout: facts.layout } : {}),
  };
}

/** A config made for another input size than the one in force: its crop proportion is kept, its size is not. */
function configLayer(configured: Layer | undefined, stronger: Layer, notes: string[]): Layer {
  if (configured === undefined) return {};
  const { height, width = height } = configured;
  if (stronger.height === undefined || height === undefined || height === stronger.height) return configured;
  notes.push(
    `preprocessor_config.json asks for ${height} x ${width ?? height} pixels, but the input is set to ${stronger.height} x ${stronger.width ?? stronger.height}.`,
  );
  const resizeTo = Math.round(((configured.resizeTo ?? height) * stronger.height) / height);
  return { ...configured, resizeTo };
}

/** What the graph's own arithmetic says; only where neither flag nor config speaks about values. */
function graphLayer(facts: InputFacts, flags: Layer, config: Layer, notes: string[]): Layer {
  const plain = normalizationOf('none');
  const { arithmetic, port } = facts;
  const expected = arithmetic === undefined ? undefined : expectedRange(arithmetic);
  if (arithmetic !== undefined && expected !== undefined) {
    const does = `The graph itself begins with ${arithmetic.operators.join(', ')} on the image`;
    if (config.mean === undefined && flags.mean === undefined && flags.std === undefined) {
      notes.push(
        `${does}, so it normalizes inside and wants pixels in ${rangeWords[expected]}, without mean and standard deviation.`,
      );
      return { range: expected, ...plain };
    }
    notes.push(`${does}; with mean and standard deviation from outside the image may be normalized twice.`);
  }
  return port.elementType === 'uint8' ? { range: '0-255', ...plain } : {};
}

export const rangeWords: Readonly<Record<PixelRange, string>> = {
  '0-1': '0 to 1',
  '0-255': '0 to 255',
  '-1-1': '-1 to 1',
};

function guessLayer(facts: InputFacts, known: Layer): Preprocessing {
  const height = known.height ?? USUAL_SIDE;
  const width = known.width ?? USUAL_SIDE;
  const side = Math.max(height, width);
  const tiny = side <= TINY_SIDE;
  const range = known.range ?? '0-1';
  // ImageNet's statistics are written for 0...1; another range says that somebody else set the scale.
  const statistics = normalizationOf(tiny || range !== '0-1' ? 'none' : 'ImageNet');
  const resize = known.resize ?? (tiny ? 'stretch' : 'crop');
  return {
    height,
    width,
    resize,
    resizeTo: resize === 'crop' ? Math.round(side / USUAL_CROP) : Math.min(height, width),
    interpolation: 'bilinear',
    layout: facts.layout,
    range,
    ...statistics,
    channels: 'rgb',
  };
}

function guessNotes(
  facts: InputFacts,
  sources: Partial<Record<keyof Preprocessing, PreprocessingSource>>,
  preprocessing: Preprocessing,
): readonly string[] {
  const notes: string[] = [];
  const { height, width, mean, range } = preprocessing;
  if (sources.height === 'guess')
    notes.push(`The model takes images of any size; ${height} x ${width} is a guess (--size).`);
  if (sources.layout === 'guess')
    notes.push(
      `The file does not say which axis holds the colors; ${facts.layout.toUpperCase()} is a guess (--layout).`,
    );
  const statistics = mean.some((value) => value !== 0)
    ? 'ImageNet’s mean and standard deviation'
    : 'no mean and standard deviation';
  if (sources.range === 'guess')
    notes.push(
      `Nothing beside or in the model says how pixels are scaled: ${rangeWords[range]} with ${sources.mean === 'guess' ? statistics : 'the given mean and standard deviation'} is a guess (--range, --mean, --std); \`moat inspect --expect\` can prove it.`,
    );
  else if (sources.mean === 'guess' || sources.std === 'guess')
    notes.push(`With pixels in ${rangeWords[range]}, ${statistics} is a guess (--mean, --std).`);
  return notes;
}

function checkOptions(facts: InputFacts, options: EncoderOptions): void {
  const { size, mean, std, layout } = options;
  if (size !== undefined && (!Number.isInteger(size) || size < 1 || size > LARGEST_SIDE))
    throw invalid(`--size ${size} is not a whole number of pixels between 1 and ${LARGEST_SIDE}.`);
  for (const fixed of [facts.height, facts.width])
    if (size !== undefined && fixed !== null && fixed !== size)
      throw invalid(
        `--size ${size} does not fit: the input "${facts.port.name}" is fixed to ${facts.height ?? 'any'} x ${facts.width ?? 'any'} pixels.`,
      );
  if (mean !== undefined && !mean.every(Number.isFinite)) throw invalid('--mean needs three numbers.');
  if (std !== undefined && !std.every((value) => Number.isFinite(value) && value > 0))
    throw invalid('--std needs three numbers above 0.');
  if (layout !== undefined && facts.layoutCertain && layout !== facts.layout)
    throw invalid(
      `--layout ${layout} does not fit: the input "${facts.port.name}" has the shape [${facts.port.shape.join(', ')}], which is ${facts.layout}.`,
    );
}

/** Whole numbers 0...255 are all that a uint8 input can hold. */
function checkElementType(facts: InputFacts, { range, mean, std }: Preprocessing): void {
  if (facts.port.elementType !== 'uint8') return;
  if (range === '0-255' && mean.every((value) => value === 0) && std.every((value) => value === 1)) return;
  throw invalid(
    `The input "${facts.port.name}" takes bytes (uint8), so pixels go in as they are, 0 to 255: leave out --range, --mean and --std.`,
  );
}

function invalid(message: string): MoatError {
  return new MoatError('encoder-preprocessing-invalid', message);
}
