import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { z } from 'zod';
import { MoatError } from '../contract/errors.ts';
import { elementCount, type NamedArrays } from '../surrogates/parameters.ts';
import { predictorVariants, type PredictorVariant } from './choices.ts';
import { predictorShapes } from './rotation-predictor.ts';
import { rotationClasses } from './rotation-task.ts';

/** The provider's secret: what reads the rotation mark from an encoder. */
export interface RotationKey {
  readonly predictor: PredictorVariant;
  /** Length of the embeddings it reads. */
  readonly dimension: number;
  /** SHA-256 (hex) of the ONNX file it was trained with. */
  readonly encoder: string;
  /** As `initialPredictor` names them. */
  readonly weights: NamedArrays;
}

const FORMAT = 'moat-rotation-mark-1';
const FLOAT_BYTES = 4;

const keySchema = z.strictObject({
  format: z.literal(FORMAT),
  predictor: z.enum(predictorVariants),
  /** Degrees; written down so that a key says by itself what it tells apart. */
  classes: z
    .array(z.tuple([z.number(), z.number()]))
    .refine((classes) => classes.join(' ') === rotationClasses.join(' ')),
  dimension: z.int().positive(),
  encoder: z.string().regex(/^[0-9a-f]{64}$/),
  weights: z.record(
    z.string(),
    z.object({ shape: z.array(z.int().positive()), float32LittleEndian: z.base64() }),
  ),
});

/** JSON, weights as base64. */
export function encodeRotationKey({ predictor, dimension, encoder, weights }: RotationKey): string {
  const written = Object.entries(weights).map(([name, { shape, data }]) => {
    const bytes = Buffer.alloc(FLOAT_BYTES * data.length);
    for (const [at, value] of data.entries()) bytes.writeFloatLE(value, FLOAT_BYTES * at);
    return [name, { shape, float32LittleEndian: bytes.toString('base64') }] as const;
  });
  return `${JSON.stringify(
    {
      format: FORMAT,
      predictor,
      classes: rotationClasses,
      dimension,
      encoder,
      weights: Object.fromEntries(written),
    },
    null,
    2,
  )}\n`;
}

/**
 * Reads a key and says by what digest it is known.
 * @throws MoatError `path-missing`, `configuration-invalid` for a file that is no whole key
 */
export function readRotationKey(file: string): { readonly key: RotationKey; readonly digest: string } {
  if (statSync(file, { throwIfNoEntry: false })?.isFile() !== true)
    throw new MoatError('path-missing', `The watermark's key ${file} does not exist.`);
  const bytes = readFileSync(file);
  const digest = createHash('sha256').update(bytes).digest('hex');
  return { key: decode(bytes.toString('utf8'), file), digest };
}

function decode(text: string, file: string): RotationKey {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw noKey(file, 'it is not JSON', cause);
  }
  const parsed = keySchema.safeParse(value);
  if (!parsed.success) throw noKey(file, 'it is not of this form or version, or not complete', parsed.error);
  const { predictor, dimension, encoder } = parsed.data;
  const weights = Object.fromEntries(
    Object.entries(parsed.data.weights).map(([name, { shape, float32LittleEndian }]) => {
      const bytes = Buffer.from(float32LittleEndian, 'base64');
      const length = elementCount(shape);
      if (bytes.length !== FLOAT_BYTES * length)
        throw noKey(file, `${name} is not as long as its shape says`);
      return [
        name,
        { shape, data: Float32Array.from({ length }, (_, at) => bytes.readFloatLE(FLOAT_BYTES * at)) },
      ];
    }),
  );
  for (const [name, shape] of Object.entries(predictorShapes(dimension)))
    if (weights[name]?.shape.join() !== shape.join())
      throw noKey(file, `${name} is missing or of another shape`);
  return { predictor, dimension, encoder, weights };
}

function noKey(file: string, reason: string, cause?: unknown): MoatError {
  return new MoatError(
    'configuration-invalid',
    `${file} is no key of a rotation watermark (\`moat train --watermark rotation\` writes one): ${reason}.`,
    { cause },
  );
}
