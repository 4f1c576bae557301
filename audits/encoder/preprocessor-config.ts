import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import type { Interpolation, Preprocessing } from '../contract/encoder.ts';
import { MoatError } from '../contract/errors.ts';
import { normalizationOf, type Triple } from './statistics.ts';

/** `preprocessor_config.json`, the file Hugging Face transformers saves with every image model. */

const FILE_NAME = 'preprocessor_config.json';

const triple = z.union([
  z.tuple([z.number(), z.number(), z.number()]),
  z.number().transform((value): Triple => [value, value, value]),
]);
const sizeField = z.union([
  z
    .number()
    .int()
    .positive()
    .transform((edge) => ({ edge })),
  z
    .tuple([z.number().int().positive(), z.number().int().positive()])
    .transform(([height, width]) => ({ height, width })),
  z
    .object({ height: z.number().int().positive(), width: z.number().int().positive() })
    .transform(({ height, width }) => ({ height, width })),
  z
    .object({ shortest_edge: z.number().int().positive() })
    .transform(({ shortest_edge: shortestEdge }) => ({ shortestEdge })),
]);

const configSchema = z.object({
  image_processor_type: z.string().optional(),
  feature_extractor_type: z.string().optional(),
  do_resize: z.boolean().nullish(),
  size: sizeField.nullish(),
  do_center_crop: z.boolean().nullish(),
  crop_size: sizeField.nullish(),
  crop_pct: z.number().positive().nullish(),
  resample: z.number().int().nullish(),
  do_rescale: z.boolean().nullish(),
  rescale_factor: z.number().positive().nullish(),
  rescale_offset: z.boolean().nullish(),
  do_normalize: z.boolean().nullish(),
  image_mean: triple.nullish(),
  image_std: triple.nullish(),
  do_flip_channel_order: z.boolean().nullish(),
});
type Config = z.infer<typeof configSchema>;
type Size = z.infer<typeof sizeField>;

/** The values a configuration file settles; what it leaves open is absent. */
export interface ConfiguredPreprocessing {
  readonly values: Partial<Preprocessing>;
  readonly notes: readonly string[];
}

/**
 * Reads the configuration beside the model; for the `onnx/model.onnx` layout also one folder up.
 * @throws MoatError `encoder-preprocessing-invalid` when the file is there and cannot be understood.
 */
export async function readPreprocessorConfig(
  modelPath: string,
): Promise<ConfiguredPreprocessing | undefined> {
  const folder = dirname(modelPath);
  const folders = basename(folder) === 'onnx' ? [folder, dirname(folder)] : [folder];
  for (const place of folders) {
    const path = join(place, FILE_NAME);
    const text = await readIfPresent(path);
    if (text !== undefined) return parsePreprocessorConfig(text, path);
  }
  return undefined;
}

/** @param path for messages only */
export function parsePreprocessorConfig(text: string, path: string): ConfiguredPreprocessing {
  const invalid = (reason: string, cause: unknown): MoatError =>
    new MoatError('encoder-preprocessing-invalid', `${path} cannot be used: ${reason}.`, { cause });
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw invalid('it is no valid JSON', cause);
  }
  const parsed = configSchema.safeParse(json);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw invalid(`"${issue?.path.join('.') ?? ''}" has an unexpected value`, parsed.error);
  }
  const notes: string[] = [];
  return { values: { ...geometry(parsed.data, notes), ...values(parsed.data, notes) }, notes };
}

async function readIfPresent(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined;
    throw new MoatError('encoder-preprocessing-invalid', `${path} cannot be read.`, { cause });
  }
}

function geometry(config: Config, notes: string[]): Partial<Preprocessing> {
  const size = config.size ?? undefined;
  const crops = config.do_center_crop === true || (size !== undefined && 'shortestEdge' in size);
  const interpolation =
    config.do_resize === false ? undefined : pillowFilter(config.resample ?? undefined, notes);
  const filter = interpolation === undefined ? {} : { interpolation };
  if (size === undefined) return filter;
  if (!crops) {
    const [height, width] = sides(size);
    return { ...filter, height, width, resize: 'stretch', resizeTo: Math.min(height, width) };
  }
  const [height, width] = sides(config.crop_size ?? size);
  return {
    ...filter,
    height,
    width,
    resize: 'crop',
    resizeTo: edgeBeforeCrop(config, size, height, width, notes),
  };
}

function edgeBeforeCrop(config: Config, size: Size, height: number, width: number, notes: string[]): number {
  const edge = Math.max('shortestEdge' in size ? size.shortestEdge : Math.min(...sides(size)), height, width);
  if ('height' in size)
    notes.push(
      `${FILE_NAME} stretches images to ${size.height} x ${size.width} before it crops; Moat keeps their proportions, which differs for images that are not square.`,
    );
  // ConvNeXt: below 384 pixels the edge grows by 1 / crop_pct before the crop.
  return config.crop_pct !== undefined && config.crop_pct !== null && edge < 384
    ? Math.floor(edge / config.crop_pct)
    : edge;
}

function sides(size: Size): [height: number, width: number] {
  if ('height' in size) return [size.height, size.width];
  const edge = 'edge' in size ? size.edge : size.shortestEdge;
  return [edge, edge];
}

/** Pillow's numbers for its filters. */
function pillowFilter(resample: number | undefined, notes: string[]): Interpolation | undefined {
  if (resample === undefined) return undefined;
  const filters: readonly Interpolation[] = ['nearest', 'lanczos', 'bilinear', 'bicubic'];
  const filter = filters[resample];
  if (filter === undefined)
    notes.push(`${FILE_NAME} asks for resampling filter ${resample}; bilinear is used instead.`);
  return filter ?? 'bilinear';
}

function values(config: Config, notes: string[]): Partial<Preprocessing> {
  const order: Partial<Preprocessing> = { channels: config.do_flip_channel_order === true ? 'bgr' : 'rgb' };
  const factor = config.do_rescale === false ? 1 : (config.rescale_factor ?? 1 / 255);
  const statistics = statisticsOf(config, notes);
  if (statistics === undefined) return order;
  if (config.rescale_offset === true && isClose(factor, 1 / 127.5))
    return { ...order, range: '-1-1', ...statistics };
  if (isClose(factor, 1)) return { ...order, range: '0-255', ...statistics };
  // (v * f - m) / s = (v / 255 - m / k) / (s / k) with k = 255 f: any factor is the 0...1 range in other units.
  const units = isClose(factor, 1 / 255) ? 1 : 255 * factor;
  const scaled = ([first, second, third]: Triple): Triple => [first / units, second / units, third / units];
  return { ...order, range: '0-1', mean: scaled(statistics.mean), std: scaled(statistics.std) };
}

function statisticsOf(config: Config, notes: string[]): { mean: Triple; std: Triple } | undefined {
  if (config.do_normalize === false) return { mean: [0, 0, 0], std: [1, 1, 1] };
  const { image_mean: mean, image_std: std } = config;
  if (mean !== undefined && mean !== null && std !== undefined && std !== null) return { mean, std };
  if (config.do_normalize !== true) return { mean: [0, 0, 0], std: [1, 1, 1] };
  const processor = config.image_processor_type ?? config.feature_extractor_type ?? '';
  const known = processorDefaults.find(({ prefix }) => processor.startsWith(prefix));
  if (known === undefined) {
    notes.push(`${FILE_NAME} asks for normalization without saying by which mean and standard deviation.`);
    return undefined;
  }
  notes.push(
    `${FILE_NAME} leaves mean and standard deviation to ${processor}, which uses ${known.statistics}.`,
  );
  return normalizationOf(known.statistics);
}

/** What transformers' image processors use when their file is silent. */
const processorDefaults = [
  { prefix: 'CLIP', statistics: 'CLIP' },
  { prefix: 'Bit', statistics: 'CLIP' },
  { prefix: 'ViT', statistics: 'half' },
  { prefix: 'Siglip', statistics: 'half' },
  { prefix: 'Beit', statistics: 'half' },
  { prefix: 'ConvNext', statistics: 'ImageNet' },
  { prefix: 'Deit', statistics: 'ImageNet' },
  { prefix: 'DeiT', statistics: 'ImageNet' },
] as const;

function isClose(value: number, expected: number): boolean {
  return Math.abs(value - expected) <= 1e-4 * expected;
}
