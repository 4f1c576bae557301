import { imagePlaceholder, type EndpointSettings } from '../contract/endpoint.ts';
import type { Secrets } from './secrets.ts';

type JsonValue =
  string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue };

/** What `fetch` takes, secrets filled in. */
export interface HttpRequest {
  readonly method: string;
  readonly headers: Headers;
  readonly body: string | FormData | Uint8Array<ArrayBuffer>;
}

/**
 * The request for one batch.
 * @param images encoded files (PNG or JPEG), in order; one for a raw body
 * @throws TypeError when a header's value cannot be sent (a line break in a variable, say)
 */
export function buildRequest(
  { request, image: { format } }: Pick<EndpointSettings, 'request' | 'image'>,
  images: readonly Uint8Array[],
  secrets: Pick<Secrets, 'fill'>,
): HttpRequest {
  const { method, body } = request;
  const headers = new Headers();
  for (const [name, value] of Object.entries(request.headers)) headers.set(name, secrets.fill(value));
  const mediaType = `image/${format}`;
  const setDefault = (name: string, value: string): void => {
    if (!headers.has(name)) headers.set(name, value);
  };
  setDefault('accept', 'application/json');
  if (body.kind === 'json') {
    setDefault('content-type', 'application/json');
    const texts = images.map((bytes) => Buffer.from(bytes).toString('base64'));
    const filled = filledTemplate(body.template as JsonValue, texts, secrets);
    return { method, headers, body: JSON.stringify(filled) };
  }
  if (body.kind === 'raw') {
    setDefault('content-type', mediaType);
    return { method, headers, body: owned(images[0] ?? new Uint8Array()) };
  }
  const form = new FormData();
  for (const [name, value] of Object.entries(body.fields)) form.append(name, secrets.fill(value));
  for (const [i, bytes] of images.entries())
    form.append(body.imageField, new Blob([owned(bytes)], { type: mediaType }), `image-${i}.${format}`);
  return { method, headers, body: form };
}

/** The innermost list whose only entry holds the placeholder gets one entry per image. */
function filledTemplate(
  template: JsonValue,
  images: readonly string[],
  secrets: Pick<Secrets, 'fill'>,
): JsonValue {
  const fill = (value: JsonValue, image: string): JsonValue => {
    if (typeof value === 'string') return secrets.fill(value).replaceAll(imagePlaceholder, () => image);
    if (isList(value)) return value.map((entry) => fill(entry, image));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, fill(entry, image)]));
  };
  const expand = (value: JsonValue): JsonValue => {
    if (isList(value)) {
      const [only] = value;
      const repeats = value.length === 1 && only !== undefined && holdsImage(only) && !holdsRepeated(only);
      return repeats ? images.map((image) => fill(only, image)) : value.map(expand);
    }
    if (typeof value === 'object' && value !== null)
      return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, expand(entry)]));
    return fill(value, images[0] ?? '');
  };
  return expand(template);
}

function holdsImage(value: JsonValue): boolean {
  return JSON.stringify(value).includes(imagePlaceholder);
}

/** Is there a list inside that would be the one to repeat? */
function holdsRepeated(value: JsonValue): boolean {
  if (isList(value)) return (value.length === 1 && holdsImage(value)) || value.some(holdsRepeated);
  return typeof value === 'object' && value !== null && Object.values(value).some(holdsRepeated);
}

function isList(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}

/** Bytes in a buffer of their own, as the types of `fetch` ask for. */
function owned(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes);
}
