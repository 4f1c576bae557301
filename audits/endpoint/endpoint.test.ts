import { appendFileSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  startEmbeddingService,
  type EmbeddingService,
  type Misbehavior,
} from '../../test/helpers/embedding-service.ts';
import type { Images, Matrix } from '../contract/data.ts';
import { sliceImages } from '../contract/data.ts';
import { endpointSchema, type EndpointSettings } from '../contract/endpoint.ts';
import type { ErrorCode } from '../contract/errors.ts';
import { hashedImages } from '../datasets/image-hash.ts';
import { preflight } from '../encoder/preflight.ts';
import { createRng } from '../rng.ts';
import { systemClock } from '../run/system-clock.ts';
import { endpointIdentity, networkUse, openEndpoint, type EndpointEncoder } from './endpoint.ts';

/** The client against a real server on this machine, with everything that servers do. */

const SIDE = 8;
const TOKEN = 'sesame-open-4711';

function drawn(count: number, seed: string): Images {
  const rng = createRng(seed);
  const data = Uint8Array.from({ length: count * SIDE * SIDE * 3 }, () => Math.floor(rng.uniform() * 256));
  return hashedImages(data, count, SIDE, SIDE);
}

/** Three sums of pixels: what the service must get unharmed. */
function sums(pixels: Uint8Array): readonly number[] {
  const totals = [0, 0, 0];
  pixels.forEach((value, i) => (totals[i % 3] = (totals[i % 3] ?? 0) + value));
  return totals;
}

function expected(images: Images): number[] {
  const size = SIDE * SIDE * 3;
  return Array.from({ length: images.count }, (_, i) =>
    sums(images.data.subarray(i * size, (i + 1) * size)),
  ).flat();
}

function settingsWith(change: Readonly<Record<string, unknown>> = {}): EndpointSettings {
  return endpointSchema.parse({
    request: {
      headers: { authorization: 'Bearer ${ENV:TOKEN}' },
      body: { kind: 'json', template: { images: ['${IMAGE}'] } },
    },
    image: { size: SIDE },
    response: { vectors: '/data', each: '/embedding' },
    rate: { requestsPerSecond: 500, concurrency: 1 },
    retry: { attempts: 4, firstDelaySeconds: 0.01, longestDelaySeconds: 1 },
    timeoutSeconds: 5,
    pricePerImage: 0.01,
    maxSpend: 10,
    batchSize: 4,
    ...change,
  });
}

let folder: string;
let service: EmbeddingService;
const opened: EndpointEncoder[] = [];
const logged: string[] = [];

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'moat-endpoint-'));
});
afterEach(async () => {
  for (const encoder of opened.splice(0)) await encoder.dispose();
  logged.length = 0;
  await service.close();
  rmSync(folder, { recursive: true, force: true });
});

async function serve(
  misbehave: (request: number) => Misbehavior | undefined = () => undefined,
  embed: Parameters<typeof startEmbeddingService>[0]['embed'] = sums,
): Promise<void> {
  service = await startEmbeddingService({ embed, misbehave });
}

function open(settings = settingsWith(), signal?: AbortSignal): EndpointEncoder {
  const encoder = openEndpoint(
    { url: service.url, settings },
    {
      artifactFolder: folder,
      environment: { TOKEN },
      clock: systemClock,
      signal,
      log: (message) => logged.push(message),
    },
  );
  opened.push(encoder);
  return encoder;
}

async function failureOf(
  asked: Promise<Matrix>,
): Promise<{ readonly code: ErrorCode; readonly message: string }> {
  try {
    await asked;
  } catch (error) {
    return error as { code: ErrorCode; message: string };
  }
  throw new Error('the service answered');
}

/** Replaces `misbehave` for the first requests. */
const first = (count: number, fault: Misbehavior) => (request: number) =>
  request < count ? fault : undefined;

describe('asking', () => {
  test('brings every image whole and every vector in its place, in batches', async () => {
    await serve();
    const images = drawn(10, 'whole');
    const encoder = open();
    const replies = await encoder.embed(images);
    expect([...replies.data]).toEqual(expected(images));
    expect(encoder.dimension).toBe(3);
    expect(service.requests).toHaveLength(3);
    expect(service.requests[0]?.headers.authorization).toBe(`Bearer ${TOKEN}`);
  });

  test('asks for an image once, also when it comes twice in one call, again later, or in another process', async () => {
    await serve();
    const images = drawn(6, 'once');
    const doubled = {
      ...images,
      ...hashedImages(new Uint8Array([...images.data, ...images.data]), 12, SIDE, SIDE),
    };
    const replies = await open().embed(doubled);
    expect([...replies.data]).toEqual([...expected(images), ...expected(images)]);
    await opened.pop()?.dispose();
    expect([...(await open().embed(images)).data]).toEqual(expected(images));
    expect(service.answered.toSorted()).toEqual([...images.hashes].sort());
  });

  test('several requests under way at a time leave every vector in its place', async () => {
    await serve(undefined, async (pixels) => {
      await new Promise((resolve) => setTimeout(resolve, (pixels[0] ?? 0) % 20));
      return sums(pixels);
    });
    const images = drawn(24, 'parallel');
    const encoder = open(settingsWith({ batchSize: 1, rate: { requestsPerSecond: 1000, concurrency: 8 } }));
    expect([...(await encoder.embed(images)).data]).toEqual(expected(images));
  });

  test('keeps to the requests per second', async () => {
    await serve();
    await open(settingsWith({ batchSize: 1, rate: { requestsPerSecond: 10, concurrency: 8 } })).embed(
      drawn(7, 'rate'),
    );
    const times = service.requests.map(({ at }) => at);
    // 600 ms from the first to the last as they were sent; the first may have been late on its way.
    expect((times.at(-1) ?? 0) - (times[0] ?? 0)).toBeGreaterThan(300);
  });
});

describe('a service that fails for a while', () => {
  test.each<readonly [string, Misbehavior]>([
    ['429 with Retry-After', { kind: 'status', status: 429, retryAfter: '1' }],
    ['500', { kind: 'status', status: 500 }],
    ['503', { kind: 'status', status: 503 }],
    ['a dropped connection', { kind: 'drop' }],
    ['a reply that never comes', { kind: 'hold' }],
  ])('%s is asked again', async (name, fault) => {
    await serve(first(1, fault));
    const images = drawn(3, name);
    const encoder = open(settingsWith({ timeoutSeconds: 0.3 }));
    expect([...(await encoder.embed(images)).data]).toEqual(expected(images));
    expect(service.requests).toHaveLength(2);
    expect(logged).toHaveLength(1);
    expect(logged[0]).toMatch(/asked again/);
  });

  test('a Retry-After holds back the other requests, too', async () => {
    await serve(first(1, { kind: 'status', status: 429, retryAfter: '1' }));
    await open(settingsWith({ batchSize: 1, rate: { requestsPerSecond: 1000, concurrency: 1 } })).embed(
      drawn(3, 'hold'),
    );
    const [refused, ...others] = service.requests.map(({ at }) => at);
    for (const at of others) expect(at - (refused ?? 0)).toBeGreaterThan(900);
  });
});

describe('a service that goes on failing', () => {
  test.each<readonly [string, Misbehavior, ErrorCode, RegExp, number]>([
    ['429', { kind: 'status', status: 429 }, 'endpoint-rate-limited', /429.*\(4 attempts\)/, 4],
    [
      '500',
      { kind: 'status', status: 500, body: 'out of memory' },
      'endpoint-failed',
      /500: out of memory/,
      4,
    ],
    ['404', { kind: 'status', status: 404 }, 'endpoint-failed', /404/, 1],
    [
      '401',
      { kind: 'status', status: 401, body: `no such token ${TOKEN}` },
      'endpoint-refused',
      /\$\{ENV:TOKEN\}/,
      1,
    ],
    ['403', { kind: 'status', status: 403 }, 'endpoint-refused', /403/, 1],
    ['a redirect', { kind: 'status', status: 302 }, 'endpoint-failed', /address it points to/, 1],
    [
      'dropped connections',
      { kind: 'drop' },
      'endpoint-unreachable',
      /connection to 127.0.0.1:\d+ failed/,
      4,
    ],
    ['no reply', { kind: 'hold' }, 'endpoint-unreachable', /did not answer within 0.2 s/, 4],
    ['half a JSON', { kind: 'body', body: '{"data": [{"embe' }, 'endpoint-reply-malformed', /not JSON/, 1],
    ['a page', { kind: 'body', body: '<html>hello' }, 'endpoint-reply-malformed', /<html>hello/, 1],
    [
      'the token',
      { kind: 'body', body: `no user ${TOKEN}` },
      'endpoint-reply-malformed',
      /no user \$\{ENV:TOKEN\}/,
      1,
    ],
    [
      'other fields',
      { kind: 'body', body: '{"vectors": []}' },
      'endpoint-reply-malformed',
      /nothing at "\/data"/,
      1,
    ],
    [
      'too few',
      { kind: 'body', body: '{"data": [{"embedding": [1]}]}' },
      'endpoint-reply-malformed',
      /1 vector for 2 images/,
      1,
    ],
    [
      'words',
      { kind: 'body', body: '{"data": [{"embedding": ["a"]}, {"embedding": [1]}]}' },
      'endpoint-reply-malformed',
      /list of numbers/,
      1,
    ],
    [
      'lengths',
      { kind: 'body', body: '{"data": [{"embedding": [1, 2]}, {"embedding": [1]}]}' },
      'endpoint-reply-malformed',
      /of 2 and of 1/,
      1,
    ],
    [
      'infinity',
      { kind: 'body', body: '{"data": [{"embedding": [1e999]}, {"embedding": [1]}]}' },
      'endpoint-reply-malformed',
      /not finite/,
      1,
    ],
  ])('%s stops the run', async (_name, fault, code, message, requests) => {
    await serve(() => fault);
    const encoder = open(settingsWith({ timeoutSeconds: 0.2 }));
    const failure = await failureOf(encoder.embed(drawn(2, 'failing')));
    expect(failure.code).toBe(code);
    expect(failure.message).toMatch(message);
    expect(service.requests).toHaveLength(requests);
  });

  test('nobody there at all is unreachable, and costs nothing', async () => {
    await serve();
    const settings = settingsWith();
    const { url } = service;
    await service.close();
    const failure = await failureOf(open(settings).embed(drawn(2, 'nobody')));
    expect(failure.code).toBe('endpoint-unreachable');
    expect(failure.message).toMatch(/ECONNREFUSED/);
    expect(networkUse({ url, settings }, folder)).toMatchObject({ images: 0, dollars: 0 });
  });

  test('another dimension than before is another model', async () => {
    let length = 3;
    await serve(undefined, (pixels) => sums(pixels).slice(0, length));
    const encoder = open();
    await encoder.embed(drawn(2, 'before'));
    length = 2;
    const failure = await failureOf(encoder.embed(drawn(2, 'after')));
    expect(failure.code).toBe('endpoint-dimension-changed');
  });

  test('what had been answered before the failure is not asked again', async () => {
    let isDown = false;
    await serve((request) =>
      isDown || request === 2 ? ((isDown = true), { kind: 'status', status: 500 }) : undefined,
    );
    const images = drawn(12, 'outage');
    expect((await failureOf(open().embed(images))).code).toBe('endpoint-failed');
    expect(service.answered).toHaveLength(8);
    isDown = false;
    const failed = service.requests.length;
    expect(failed).toBeGreaterThan(3);
    await opened.pop()?.dispose();
    expect([...(await open().embed(images)).data]).toEqual(expected(images));
    expect(service.answered.toSorted()).toEqual([...images.hashes].sort());
  });
});

describe('money', () => {
  test('nothing is asked beyond the limit, over any number of runs', async () => {
    await serve();
    const limited = settingsWith({ maxSpend: 0.08 });
    await open(limited).embed(drawn(8, 'affordable'));
    await opened.pop()?.dispose();
    const failure = await failureOf(open(limited).embed(drawn(1, 'one more')));
    expect(failure.code).toBe('endpoint-limit-reached');
    expect(failure.message).toMatch(/\$0.08.*8 images/);
    expect(service.answered).toHaveLength(8);
    // Raised, it goes on with the replies it has.
    await opened.pop()?.dispose();
    await open(settingsWith({ maxSpend: 0.09 })).embed(drawn(1, 'one more'));
    expect(service.answered).toHaveLength(9);
  });

  test('a failed request counts as paid unless the service refused it', async () => {
    await serve((request) =>
      request === 0
        ? { kind: 'status', status: 429 }
        : request === 1
          ? { kind: 'status', status: 500 }
          : undefined,
    );
    const settings = settingsWith();
    await open(settings).embed(drawn(4, 'counted'));
    const use = networkUse({ url: service.url, settings }, folder);
    expect(use).toMatchObject({ requests: 3, images: 8, recorded: 4 });
    expect(use.dollars).toBeCloseTo(0.08, 10);
  });
});

describe('the record', () => {
  test('half a record at its end is dropped, a damaged one is asked again', async () => {
    await serve();
    const images = drawn(4, 'torn');
    await open().embed(images);
    await opened.pop()?.dispose();
    const file = readdirSync(folder, { recursive: true, encoding: 'utf8' }).find((name) =>
      name.endsWith('replies.bin'),
    );
    appendFileSync(path.join(folder, file ?? ''), Buffer.alloc(17, 1));
    expect([...(await open().embed(images)).data]).toEqual(expected(images));
    expect(service.answered).toHaveLength(4);
    await open().embed(drawn(2, 'after the tear'));
    await opened.pop()?.dispose();
    expect(networkUse({ url: service.url, settings: settingsWith() }, folder).recorded).toBe(6);
  });

  test('belongs to the address, the request, the images and the revision, not to limits', async () => {
    await serve();
    const identity = (change: Readonly<Record<string, unknown>>): string =>
      endpointIdentity({ url: service.url, settings: settingsWith(change) });
    const same = identity({});
    expect(identity({ maxSpend: 1, pricePerImage: 1, batchSize: 1, timeoutSeconds: 1 })).toBe(same);
    expect(identity({ revision: 'v2' })).not.toBe(same);
    expect(identity({ image: { size: 16 } })).not.toBe(same);
    expect(identity({ image: { size: SIDE, format: 'jpeg' } })).not.toBe(same);
    expect(endpointIdentity({ url: `${service.url}2`, settings: settingsWith() })).not.toBe(same);
  });

  test('holds no secret, and neither does anything else on disk', async () => {
    await serve(first(1, { kind: 'status', status: 500, body: `token ${TOKEN} was seen` }));
    await open().embed(drawn(4, 'secret'));
    for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
      const file = path.join(folder, name);
      if (name.includes('.')) expect(readFileSync(file).includes(TOKEN)).toBe(false);
    }
    expect(logged.join()).toContain('${ENV:TOKEN}');
    expect(logged.join()).not.toContain(TOKEN);
  });
});

describe('the preflight', () => {
  test('asks a few images again and sees a service that answers differently each time', async () => {
    const rng = createRng('unsteady');
    await serve(undefined, (pixels) => sums(pixels).map((sum) => sum * (1 + 0.1 * rng.normal())));
    const images = drawn(8, 'preflight');
    const report = await preflight(open().askedAnew, images, systemClock);
    expect(report.checks.find(({ id }) => id === 'determinism')?.status).toBe('warning');
    const asked = service.answered.length;
    expect(asked).toBe(8 + 8 + 4);
    // The same look after a kill asks nothing and sees the same.
    await opened.pop()?.dispose();
    const again = await preflight(open().askedAnew, images, systemClock);
    expect(service.answered).toHaveLength(asked);
    expect(again.checks.find(({ id }) => id === 'determinism')).toEqual(
      report.checks.find(({ id }) => id === 'determinism'),
    );
    expect(await open().embed(sliceImages(images, 0, 8))).toBeDefined();
    expect(service.answered).toHaveLength(asked);
  });

  test('a steady service is deterministic, alone as in a batch', async () => {
    await serve();
    const report = await preflight(open().askedAnew, drawn(8, 'steady'), systemClock);
    for (const id of ['determinism', 'batch-consistency', 'constant'])
      expect(report.checks.find((check) => check.id === id)?.status).toBe('ok');
  });
});

test('an aborted run sends nothing more and keeps what arrives', async () => {
  const controller = new AbortController();
  await serve(undefined, async (pixels) => {
    // In the middle of the second batch: its reply is under way.
    if (service.answered.length === 4) controller.abort();
    return sums(pixels);
  });
  const images = drawn(20, 'aborted');
  const failure = await failureOf(open(settingsWith(), controller.signal).embed(images));
  expect(failure.code).toBe('cancelled');
  expect(service.answered).toHaveLength(8);
  expect(service.requests).toHaveLength(2);
  expect(networkUse({ url: service.url, settings: settingsWith() }, folder).recorded).toBe(8);
});

test('one batch that fails for good leaves the others their replies', async () => {
  await serve(
    (request) => (request === 0 ? { kind: 'status', status: 401 } : undefined),
    async (pixels) => {
      await new Promise((resolve) => setTimeout(resolve, 50));
      return sums(pixels);
    },
  );
  const settings = settingsWith({ rate: { requestsPerSecond: 1000, concurrency: 3 } });
  expect((await failureOf(open(settings).embed(drawn(12, 'others')))).code).toBe('endpoint-refused');
  expect(networkUse({ url: service.url, settings }, folder).recorded).toBe(service.answered.length);
});
