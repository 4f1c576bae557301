import type { Encoder, EncoderDescription, EncoderOptions, Preprocessing } from '../contract/encoder.ts';
import { imageBytes, matrix, sliceImages, type Images, type Matrix } from '../contract/data.ts';
import type { Engine, LoadedModel, ModelTensor } from '../contract/engine.ts';
import { MoatError } from '../contract/errors.ts';
import { describeEncoder } from './describe.ts';
import { tensorWriter } from './normalize.ts';
import { poolOutput } from './pooling.ts';

/** Enough rows to keep the cores busy, few enough that 224-pixel batches stay under 40 MB. */
const BATCH_ROWS = 64;

/**
 * Loads an encoder and runs it once on a black image, so that its dimension is a fact.
 * @throws MoatError `encoder-*`
 */
export async function openEncoder(
  engine: Pick<Engine, 'loadModel'>,
  path: string,
  options: EncoderOptions,
): Promise<Encoder> {
  const description = await describeEncoder(path, options);
  const model = await engine.loadModel(path);
  try {
    const probe = await embedWith(model, description, description.preprocessing, blankImage(description));
    return {
      description,
      dimension: probe.columns,
      embed: (images) =>
        images.count === 0
          ? Promise.resolve(matrix(new Float32Array(0), 0, probe.columns))
          : embedWith(model, description, description.preprocessing, images),
      dispose: () => model.dispose(),
    };
  } catch (error) {
    await model.dispose();
    throw error;
  }
}

/**
 * The projection head of the same file as an encoder of its own: same images, the other output.
 * @returns undefined where none was named
 * @throws MoatError `encoder-output-unclear` when the file has no such output, or as `openEncoder`
 */
export async function openProjection(
  engine: Pick<Engine, 'loadModel'>,
  path: string,
  { projection, pooling: _ofTheEmbedding, ...options }: EncoderOptions,
): Promise<Encoder | undefined> {
  return projection === undefined ? undefined : openEncoder(engine, path, { ...options, output: projection });
}

/**
 * Normalizes, runs in batches, pools.
 * @param images at least one, already decoded to the preprocessing's height and width
 * @returns `[images.count, dimension]`
 * @throws MoatError `encoder-failed`; RangeError for images of another size, which is a bug of the caller
 */
export async function embedWith(
  model: LoadedModel,
  description: EncoderDescription,
  preprocessing: Preprocessing,
  images: Images,
): Promise<Matrix> {
  const { height, width } = preprocessing;
  if (images.height !== height || images.width !== width)
    throw new RangeError(
      `images of ${images.height} x ${images.width} pixels were given to an encoder that takes ${height} x ${width}`,
    );
  const write = tensorWriter(preprocessing);
  const rowsPerRun = description.fixedBatch ?? Math.min(BATCH_ROWS, images.count);
  const blocks: Float32Array[] = [];
  let columns = 0;
  for (let start = 0; start < images.count; start += rowsPerRun) {
    const batch = sliceImages(images, start, Math.min(start + rowsPerRun, images.count));
    const rows = description.fixedBatch ?? batch.count;
    const tensor = emptyInput(description, preprocessing, rows);
    write(padTo(batch, rows), tensor.data);
    const pooled = await runOnce(model, description, tensor, batch.count);
    if (blocks.length > 0 && pooled.dimension !== columns)
      throw failed(description, `it returned vectors of ${columns} and of ${pooled.dimension} numbers`);
    columns = pooled.dimension;
    blocks.push(pooled.data);
  }
  return matrix(joined(blocks), images.count, columns);
}

async function runOnce(
  model: LoadedModel,
  description: EncoderDescription,
  tensor: ModelTensor,
  wantedRows: number,
): Promise<{ readonly data: Float32Array; readonly dimension: number }> {
  const { input, output, pooling, preprocessing } = description;
  const results = await model.run({ [input]: tensor }, [output]).catch((cause: unknown) => {
    throw failed(
      description,
      cause instanceof Error ? cause.message.replace(/\.$/, '') : String(cause),
      cause,
    );
  });
  const result = results[output];
  const [rows] = tensor.shape;
  if (result === undefined) throw failed(description, `it returned no "${output}"`);
  if (result.shape.length < 2 || result.shape.length > 4 || result.shape[0] !== rows)
    throw failed(
      description,
      `"${output}" came back with the shape [${result.shape.join(', ')}] for ${rows} images`,
    );
  return poolOutput(result, wantedRows, pooling, preprocessing.layout);
}

function emptyInput(
  description: EncoderDescription,
  { height, width, layout }: Preprocessing,
  rows: number,
): ModelTensor & { readonly data: Float32Array | Uint8Array } {
  const port = description.inputs.find(({ name }) => name === description.input);
  const shape = layout === 'nchw' ? [rows, 3, height, width] : [rows, height, width, 3];
  const size = rows * 3 * height * width;
  if (port?.elementType === 'uint8') return { elementType: 'uint8', shape, data: new Uint8Array(size) };
  const elementType = port?.elementType === 'float16' ? 'float16' : 'float32';
  return { elementType, shape, data: new Float32Array(size) };
}

/** A model with a fixed batch needs whole batches: the last image is repeated, its extra replies are dropped. */
function padTo(images: Images, rows: number): Images {
  if (images.count === rows) return images;
  const size = imageBytes(images);
  const data = new Uint8Array(rows * size);
  data.set(images.data);
  const last = images.data.subarray((images.count - 1) * size);
  for (let row = images.count; row < rows; row++) data.set(last, row * size);
  return { ...images, data, count: rows };
}

function blankImage({ preprocessing: { height, width } }: EncoderDescription): Images {
  return { data: new Uint8Array(height * width * 3), count: 1, height, width, hashes: [''] };
}

function joined(blocks: readonly Float32Array[]): Float32Array {
  const data = new Float32Array(blocks.reduce((sum, block) => sum + block.length, 0));
  let at = 0;
  for (const block of blocks) {
    data.set(block, at);
    at += block.length;
  }
  return data;
}

function failed(description: EncoderDescription, reason: string, cause?: unknown): MoatError {
  return new MoatError(
    'encoder-failed',
    `${description.path} could not embed a batch of images: ${reason}.`,
    cause === undefined ? {} : { cause },
  );
}
