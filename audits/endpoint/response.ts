import * as JsonPointer from '@hyperjump/json-pointer';
import type { EndpointSettings } from '../contract/endpoint.ts';
import { matrix, type Matrix } from '../contract/data.ts';
import { MoatError } from '../contract/errors.ts';

const FLOAT_BYTES = 4;

/**
 * The vectors of a reply.
 * @param body the reply's text
 * @param count images that were asked
 * @returns `[count, dimension]`, the dimension being the reply's
 * @throws MoatError `endpoint-reply-malformed` saying what was looked for and what was there
 */
export function readReply(body: string, settings: EndpointSettings['response'], count: number): Matrix {
  const json = parsed(body);
  const found = at(settings.vectors, json);
  if (found === undefined) throw malformed(`has nothing at ${shown(settings.vectors)}`);
  const entries = isOneVector(found, settings) ? [found] : found;
  if (!Array.isArray(entries)) throw malformed(`has no list of vectors at ${shown(settings.vectors)}`);
  if (entries.length !== count)
    throw malformed(
      `has ${entries.length} vector${entries.length === 1 ? '' : 's'} for ${count} image${count === 1 ? '' : 's'}`,
    );
  const vectors = entries.map((entry: unknown, i) =>
    readVector(settings.each === '' ? entry : at(settings.each, entry), settings, i),
  );
  const dimension = vectors[0]?.length ?? 0;
  const other = vectors.find((vector) => vector.length !== dimension);
  if (other !== undefined) throw malformed(`has vectors of ${dimension} and of ${other.length} numbers`);
  const data = new Float32Array(count * dimension);
  vectors.forEach((vector, i) => data.set(vector, i * dimension));
  return matrix(data, count, dimension);
}

function readVector(
  value: unknown,
  { encoding, each }: EndpointSettings['response'],
  i: number,
): Float32Array {
  const where = `vector ${i + 1}`;
  if (value === undefined) throw malformed(`has nothing at ${shown(each)} of entry ${i + 1}`);
  const vector = encoding === 'numbers' ? fromNumbers(value, where) : fromBase64(value, where);
  if (vector.length === 0) throw malformed(`has no numbers in ${where}`);
  if (!vector.every(Number.isFinite)) throw malformed(`has a number in ${where} that is not finite`);
  return vector;
}

function fromNumbers(value: unknown, where: string): Float32Array {
  if (!Array.isArray(value) || !value.every((entry) => typeof entry === 'number'))
    throw malformed(`has something else than a list of numbers as ${where}`);
  return Float32Array.from(value);
}

function fromBase64(value: unknown, where: string): Float32Array {
  const bytes = typeof value === 'string' ? Buffer.from(value, 'base64') : undefined;
  if (bytes === undefined || bytes.length === 0 || bytes.length % FLOAT_BYTES !== 0)
    throw malformed(`has no base64 of float32 numbers as ${where}`);
  return Float32Array.from({ length: bytes.length / FLOAT_BYTES }, (_, i) =>
    bytes.readFloatLE(i * FLOAT_BYTES),
  );
}

/** A service that takes one image often answers with the bare vector. */
function isOneVector(found: unknown, { encoding, each }: EndpointSettings['response']): boolean {
  if (each !== '') return false;
  return encoding === 'base64-float32'
    ? typeof found === 'string'
    : Array.isArray(found) && found.length > 0 && found.every((entry) => typeof entry === 'number');
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    throw malformed(`is not JSON: it begins with ${JSON.stringify(body.trim().slice(0, 60))}`);
  }
}

/** @returns undefined where the pointer leads nowhere */
function at(pointer: string, value: unknown): unknown {
  try {
    return JsonPointer.get(pointer, value as JsonPointer.Json);
  } catch {
    return undefined;
  }
}

function shown(pointer: string): string {
  return pointer === '' ? 'its top' : `"${pointer}"`;
}

function malformed(what: string): MoatError {
  return new MoatError('endpoint-reply-malformed', `The service’s reply ${what}.`);
}
