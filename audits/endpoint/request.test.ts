import { describe, expect, test } from 'vitest';
import { endpointSchema, type EndpointSettings } from '../contract/endpoint.ts';
import { retryAfterMs } from './attempt.ts';
import { buildRequest } from './request.ts';
import { readReply } from './response.ts';
import { parseEndpointUrl, readSecrets } from './secrets.ts';

const files = [Uint8Array.of(1, 2, 3), Uint8Array.of(4, 5, 6)];
const [first, second] = files.map((bytes) => Buffer.from(bytes).toString('base64'));
const secrets = { fill: (text: string) => text.replace('${ENV:TOKEN}', 'sesame') };

function settingsWith(request: unknown, change: Readonly<Record<string, unknown>> = {}): EndpointSettings {
  return endpointSchema.parse({
    request,
    image: { size: 32 },
    response: { vectors: '/data' },
    pricePerImage: 0,
    maxSpend: 0,
    ...change,
  });
}

function complaint(request: unknown, change: Readonly<Record<string, unknown>> = {}): string {
  const parsed = endpointSchema.safeParse({
    request,
    image: { size: 32 },
    response: { vectors: '/data' },
    pricePerImage: 0,
    maxSpend: 0,
    ...change,
  });
  return parsed.error?.issues.map(({ path, message }) => `${path.join('.')} ${message}`).join() ?? '';
}

const json = (template: unknown): unknown => ({ body: { kind: 'json', template } });

describe('a request', () => {
  test.each<readonly [string, unknown, readonly Uint8Array[], unknown]>([
    ['one image', { image: '${IMAGE}' }, files.slice(0, 1), { image: first }],
    [
      'a data URL among other fields',
      { model: 'm', input: { url: 'data:image/png;base64,${IMAGE}' }, size: 3, deep: [1, null] },
      files.slice(0, 1),
      { model: 'm', input: { url: `data:image/png;base64,${first}` }, size: 3, deep: [1, null] },
    ],
    ['a list', { images: ['${IMAGE}'] }, files, { images: [first, second] }],
    [
      'a list of objects',
      { instances: [{ image: { b64: '${IMAGE}' }, kind: 'image' }] },
      files,
      {
        instances: [
          { image: { b64: first }, kind: 'image' },
          { image: { b64: second }, kind: 'image' },
        ],
      },
    ],
    [
      'the inner of two lists',
      { calls: [{ images: ['${IMAGE}'] }] },
      files,
      { calls: [{ images: [first, second] }] },
    ],
    [
      'a secret in the body',
      { key: '${ENV:TOKEN}', image: '${IMAGE}' },
      files.slice(0, 1),
      { key: 'sesame', image: first },
    ],
  ])('with %s', (_name, template, sent, expected) => {
    const { body, headers, method } = buildRequest(settingsWith(json(template)), sent, secrets);
    expect(JSON.parse(body as string)).toEqual(expected);
    expect(headers.get('content-type')).toBe('application/json');
    expect(method).toBe('POST');
  });

  test('as a form carries each image as a file', async () => {
    const body = { kind: 'multipart', imageField: 'file', fields: { model: 'm' } };
    const built = buildRequest(settingsWith({ body }), files, secrets);
    const form = built.body as FormData;
    expect(form.get('model')).toBe('m');
    const parts = form.getAll('file') as File[];
    expect(parts.map(({ name, type }) => [name, type])).toEqual([
      ['image-0.png', 'image/png'],
      ['image-1.png', 'image/png'],
    ]);
    expect(await parts[1]?.bytes()).toEqual(files[1]);
  });

  test('of raw bytes is the file and says what it is', () => {
    const settings = settingsWith(
      { body: { kind: 'raw' }, method: 'PUT' },
      { image: { size: 32, format: 'jpeg' } },
    );
    const { body, headers, method } = buildRequest(settings, files.slice(0, 1), secrets);
    expect(body).toEqual(files[0]);
    expect([method, headers.get('content-type')]).toEqual(['PUT', 'image/jpeg']);
  });
});

describe('a reply', () => {
  const float32 = (values: readonly number[]): string =>
    Buffer.from(Float32Array.from(values).buffer).toString('base64');
  test.each<readonly [string, Partial<EndpointSettings['response']>, unknown, number, readonly number[]]>([
    ['a bare vector', { vectors: '' }, [1, 2], 1, [1, 2]],
    [
      'a list of vectors',
      { vectors: '/data' },
      {
        data: [
          [1, 2],
          [3, 4],
        ],
      },
      2,
      [1, 2, 3, 4],
    ],
    [
      'entries',
      { vectors: '/data', each: '/embedding' },
      { data: [{ embedding: [1] }, { embedding: [2] }] },
      2,
      [1, 2],
    ],
    ['a vector deep inside', { vectors: '/a~1b/0/v' }, { 'a/b': [{ v: [5, 6] }] }, 1, [5, 6]],
    ['base64', { vectors: '/v', encoding: 'base64-float32' }, { v: float32([1.5, -2]) }, 1, [1.5, -2]],
    [
      'a list of base64',
      { vectors: '/v', encoding: 'base64-float32' },
      { v: [float32([1]), float32([2])] },
      2,
      [1, 2],
    ],
  ])('of %s is read', (_name, change, body, count, expected) => {
    const settings = { vectors: '', each: '', encoding: 'numbers', ...change } as const;
    const replies = readReply(JSON.stringify(body), settings, count);
    expect([replies.rows, replies.rows * replies.columns]).toEqual([count, expected.length]);
    expect([...replies.data]).toEqual(expected);
  });

  test('of broken base64 is refused', () => {
    const settings = { vectors: '/v', each: '', encoding: 'base64-float32' } as const;
    expect(() => readReply('{"v": "AAA="}', settings, 1)).toThrow(/base64 of float32/);
  });
});

describe('an endpoint file', () => {
  test.each<readonly [RegExp, unknown, Readonly<Record<string, unknown>>]>([
    [
      /authorization carries a secret/,
      { ...(json({ i: '${IMAGE}' }) as object), headers: { authorization: 'Bearer x' } },
      {},
    ],
    [
      /X-Api-Key carries a secret/,
      { ...(json({ i: '${IMAGE}' }) as object), headers: { 'X-Api-Key': 'x' } },
      {},
    ],
    [/must contain "\$\{IMAGE\}" once; it is there 0/, json({ i: 'image' }), {}],
    [/it is there 2/, json({ i: '${IMAGE}', j: '${IMAGE}' }), {}],
    [/batchSize must be 1: no list/, json({ i: '${IMAGE}' }), { batchSize: 2 }],
    [/batchSize must be 1 for a raw/, { body: { kind: 'raw' } }, { batchSize: 2 }],
    [/must be a JSON pointer/, json({ i: '${IMAGE}' }), { response: { vectors: 'data' } }],
    [/pricePerImage/, json({ i: '${IMAGE}' }), { pricePerImage: undefined }],
  ])('is refused: %s', (reason, request, change) => {
    expect(complaint(request, change)).toMatch(reason);
  });
});

describe('secrets', () => {
  const settings = settingsWith({
    ...(json({ i: '${IMAGE}' }) as object),
    headers: { a: '${ENV:FIRST}-${ENV:SECOND}' },
  });
  const victim = { url: 'https://host/embed?key=${ENV:THIRD}', settings };

  test('missing variables are all named', () => {
    expect(() => readSecrets(victim, { FIRST: 'x' })).toThrow(/variables THIRD, SECOND\./);
  });

  test('are filled in, and hidden again wherever they turn up', () => {
    const found = readSecrets(victim, { FIRST: 'alpha', SECOND: 'alphabet', THIRD: 'c/d/e' });
    expect(found.fill('${ENV:FIRST} ${ENV:SECOND}')).toBe('alpha alphabet');
    expect(found.hide('alphabet soup, alpha, c/d/e')).toBe('${ENV:SECOND} soup, ${ENV:FIRST}, ${ENV:THIRD}');
  });

  test.each([
    ['http://example.com/embed', /https/],
    ['https://user:word@example.com', /user name or password/],
    ['https://example.com/embed?api_key=4711', /secret "api_key" in clear/],
    ['ftp://example.com', /https/],
    ['https://', /no URL/],
  ])('%s is refused as an address', (address, reason) => {
    expect(() => parseEndpointUrl(address)).toThrow(reason);
  });

  test.each(['https://example.com/embed?model=x', 'http://127.0.0.1:80/e', 'https://h/?api_key=${ENV:KEY}'])(
    '%s is an address',
    (address) => {
      expect(parseEndpointUrl(address)).toBe(address);
    },
  );
});

test.each([
  ['7', 7000],
  ['Fri, 13 Feb 2009 23:31:40 GMT', 10_000],
  ['Fri, 13 Feb 2009 23:31:20 GMT', 0],
  ['soon', 0],
])('Retry-After: %s', (header, expected) => {
  expect(retryAfterMs(header, () => 1_234_567_890_000)).toBe(expected);
});
