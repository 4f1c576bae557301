import { z } from 'zod';
import { matrix } from '../contract/data.ts';
import { MoatError } from '../contract/errors.ts';
import type { SurrogateModel } from '../contract/method.ts';
import { elementCount } from './parameters.ts';

/**
 * A surrogate as one file: `MOATSURR`, header length (uint32), a JSON header, zeros up to a multiple of 4, then all
 * numbers as float32 in the header's order. Everything little-endian, so a file reads the same on every machine.
 */
const MAGIC = 'MOATSURR';
const FORMAT_VERSION = 1;
const HEADER_START = MAGIC.length + 4;

const shapeSchema = z.array(z.number().int().nonnegative());

const backboneSchema = z.object({ kind: z.literal('backbone') });
const networkSchema = z.object({
  kind: z.literal('network'),
  architecture: z.string(),
  inputSize: z.number().int().positive(),
  dimension: z.number().int().positive(),
  weights: z.array(z.object({ name: z.string(), shape: shapeSchema })),
});
const linearSchema = z.object({
  kind: z.literal('linear-on-features'),
  get features() {
    return modelSchema;
  },
  rows: z.number().int().nonnegative(),
  columns: z.number().int().nonnegative(),
  activation: z.literal('relu').optional(),
});
type ModelHeader =
  | z.infer<typeof backboneSchema>
  | z.infer<typeof networkSchema>
  | {
      kind: 'linear-on-features';
      features: ModelHeader;
      rows: number;
      columns: number;
      activation?: 'relu' | undefined;
    };
const modelSchema: z.ZodType<ModelHeader> = z.lazy(() =>
  z.discriminatedUnion('kind', [backboneSchema, networkSchema, linearSchema]),
);
const headerSchema = z.object({ formatVersion: z.literal(FORMAT_VERSION), model: modelSchema });

export function encodeSurrogate(model: SurrogateModel): Uint8Array {
  const arrays: Float32Array[] = [];
  const header = new TextEncoder().encode(
    JSON.stringify({ formatVersion: FORMAT_VERSION, model: describe(model, arrays) }),
  );
  const payloadStart = alignToFour(HEADER_START + header.length);
  const values = arrays.reduce((sum, { length }) => sum + length, 0);
  const bytes = new Uint8Array(payloadStart + 4 * values);
  const view = new DataView(bytes.buffer);
  bytes.set(new TextEncoder().encode(MAGIC));
  view.setUint32(MAGIC.length, header.length, true);
  bytes.set(header, HEADER_START);
  let at = payloadStart;
  for (const array of arrays)
    for (const value of array) {
      view.setFloat32(at, value, true);
      at += 4;
    }
  return bytes;
}

/** @throws MoatError `internal` when the bytes are not a whole surrogate file of this format. */
export function decodeSurrogate(bytes: Uint8Array): SurrogateModel {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < HEADER_START || new TextDecoder().decode(bytes.subarray(0, MAGIC.length)) !== MAGIC)
    throw damaged('it does not begin like one');
  const headerEnd = HEADER_START + view.getUint32(MAGIC.length, true);
  if (headerEnd > bytes.length) throw damaged('it ends within its header');
  const { model } = readHeader(bytes.subarray(HEADER_START, headerEnd));
  let at = alignToFour(headerEnd);
  const result = restore(model, (length) => {
    if (at + 4 * length > bytes.length) throw damaged('it ends within its numbers');
    const array = Float32Array.from({ length }, (_, i) => view.getFloat32(at + 4 * i, true));
    at += 4 * length;
    return array;
  });
  if (at !== bytes.length) throw damaged(`${bytes.length - at} bytes follow its numbers`);
  return result;
}

/** The header of a model; appends its numbers to `arrays` in the order in which `restore` takes them. */
function describe(model: SurrogateModel, arrays: Float32Array[]): ModelHeader {
  if (model.kind === 'backbone') return { kind: 'backbone' };
  if (model.kind === 'network') {
    const { kind, architecture, inputSize, dimension } = model;
    const weights = Object.entries(model.weights).map(([name, { shape, data }]) => {
      arrays.push(data);
      return { name, shape: [...shape] };
    });
    return { kind, architecture, inputSize, dimension, weights };
  }
  const features = describe(model.features, arrays);
  arrays.push(model.weights.data, model.bias);
  const { rows, columns } = model.weights;
  return { kind: model.kind, features, rows, columns, activation: model.activation };
}

function restore(header: ModelHeader, take: (length: number) => Float32Array): SurrogateModel {
  if (header.kind === 'backbone') return header;
  if (header.kind === 'network') {
    const weights = header.weights.map(({ name, shape }) => {
      return [name, { shape, data: take(elementCount(shape)) }] as const;
    });
    return { ...header, weights: Object.fromEntries(weights) };
  }
  const features = restore(header.features, take);
  const weights = matrix(take(header.rows * header.columns), header.rows, header.columns);
  const { activation } = header;
  const bias = take(header.columns);
  return { kind: header.kind, features, weights, bias, ...(activation === undefined ? {} : { activation }) };
}

function readHeader(bytes: Uint8Array): z.infer<typeof headerSchema> {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw damaged('its header is not JSON', cause);
  }
  const parsed = headerSchema.safeParse(value);
  if (!parsed.success) throw damaged('its header is of another form or version', parsed.error);
  return parsed.data;
}

function damaged(reason: string, cause?: unknown): MoatError {
  return new MoatError('internal', `The file is not a whole surrogate: ${reason}.`, { cause });
}

function alignToFour(length: number): number {
  return Math.ceil(length / 4) * 4;
}
