import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { hashedImages } from '../../audits/datasets/image-hash.ts';
import { openEncoder } from '../../audits/encoder/encoder.ts';
import type { Encoder } from '../../audits/contract/encoder.ts';
import { createEngine } from '../../audits/tensor/engine.ts';
import type { AuditResult } from '../../audits/contract/result.ts';
import {
  startEmbeddingService,
  type EmbeddingService,
  type Misbehavior,
} from '../helpers/embedding-service.ts';
import { runMoat, startMoat } from '../helpers/moat.ts';
import { makeTinyProject, measurementsOf, type TinyProject } from '../helpers/tiny-project.ts';

/** A whole audit of a service: a tiny encoder behind HTTP on this machine. */

const SIDE = 16;
const PREFLIGHT_IMAGES = 8;
const TOKEN = 'open-sesame-4711';
const battery = ['--preset', 'quick', '--budgets', '64', '--seeds', '1', '--attacks', 'backbone-stitching'];
const fixed = ['--defenses', 'gaussian-noise', '--engine', 'onnx', '--device', 'cpu'];

let project: TinyProject;
let encoder: Encoder;
let service: EmbeddingService;
let misbehave: (request: number) => Misbehavior | undefined;

beforeAll(async () => {
  process.env['MOAT_TEST_TOKEN'] = TOKEN;
  project = await makeTinyProject();
  const engine = await createEngine('onnx', { threads: 1 });
  encoder = await openEncoder(engine, path.join(project.folder, 'encoder.onnx'), {});
});
afterAll(async () => {
  await encoder.dispose();
  rmSync(project.folder, { recursive: true, force: true });
});
beforeEach(async () => {
  misbehave = () => undefined;
  service = await startEmbeddingService({
    embed: async (pixels, height, width) => [
      ...(await encoder.embed(hashedImages(pixels, 1, height, width))).data,
    ],
    misbehave: (request) => misbehave(request),
  });
});
afterEach(() => service.close());

function writeEndpoint(change: Readonly<Record<string, unknown>> = {}): void {
  writeFileSync(
    path.join(project.folder, 'endpoint.json'),
    JSON.stringify({
      request: {
        headers: { authorization: 'Bearer ${ENV:MOAT_TEST_TOKEN}' },
        body: { kind: 'json', template: { images: ['${IMAGE}'] } },
      },
      image: { size: SIDE },
      response: { vectors: '/data', each: '/embedding' },
      rate: { requestsPerSecond: 200, concurrency: 2 },
      retry: { attempts: 2, firstDelaySeconds: 0.05 },
      pricePerImage: 0.001,
      maxSpend: 1,
      batchSize: 8,
      ...change,
    }),
  );
}

const audit = (database: string, ...more: readonly string[]): string[] => [
  'audit',
  service.url,
  '--endpoint',
  'endpoint.json',
  ...project.arguments.slice(1),
  ...battery,
  ...fixed,
  '--db',
  database,
  ...more,
];

/** How often each image was answered. */
function timesAnswered(): ReadonlyMap<string, number> {
  const times = new Map<string, number>();
  for (const hash of service.answered) times.set(hash, (times.get(hash) ?? 0) + 1);
  return times;
}

function expectNothingAskedTwice(): void {
  const again = [...timesAnswered().values()].filter((count) => count > 1);
  // The preflight asks eight images twice, four of them alone besides.
  expect(again.sort((a, b) => a - b)).toEqual([2, 2, 2, 2, 3, 3, 3, 3]);
}

function recordedBytes(database: string): number {
  const artifacts = path.join(project.folder, database.replace('.db', '.artifacts'));
  const file = readdirSync(artifacts, { recursive: true, encoding: 'utf8' }).find((name) =>
    name.endsWith('replies.bin'),
  );
  return file === undefined ? 0 : statSync(path.join(artifacts, file)).size;
}

/** Until what has been answered is on disk, now that nothing is answered any more. */
async function untilStill(size: () => number): Promise<void> {
  for (let [before, now] = [-1, size()]; now > before; [before, now] = [now, size()]) await sleep(1000);
}

test('audits a service; killed with -9 and resumed, no image is asked twice and the numbers are the same', async () => {
  writeEndpoint();
  const whole = await runMoat(audit('whole.db', '--yes', '--json'), { cwd: project.folder });
  expect(whole.stderr).toMatch(/network: http:\/\/127.0.0.1:\d+\/embed is asked for at most 230 images/);
  expect(whole.code).toBe(0);
  const result = JSON.parse(whole.stdout) as AuditResult;
  expect(result.network).toMatchObject({ recorded: 230, images: 230 + PREFLIGHT_IMAGES + 4 });
  expect(result.preflight.checks.find(({ id }) => id === 'determinism')?.status).toBe('ok');
  expect(service.requests.every(({ headers }) => headers.authorization === `Bearer ${TOKEN}`)).toBe(true);
  expectNothingAskedTwice();
  service.answered.length = 0;

  // The service stops answering in the middle; what it has answered is on disk before the run is killed.
  const answersBefore = service.requests.length + 20;
  misbehave = (request) => (request >= answersBefore ? { kind: 'hold' } : undefined);
  const run = startMoat(audit('killed.db', '--yes'), { cwd: project.folder });
  await run.waitFor(/network: /);
  const recordBytes = 32 + 4 + 24 * 4 + 8;
  while (
    service.requests.length < answersBefore ||
    recordedBytes('killed.db') < 16 + service.answered.length * recordBytes
  )
    await sleep(20);
  await untilStill(() => recordedBytes('killed.db'));
  const answeredBeforeKill = service.answered.length;
  expect(answeredBeforeKill).toBeGreaterThan(50);
  run.killGroup();
  await run.end;
  misbehave = () => undefined;
  const resumed = await runMoat(['resume', '--db', 'killed.db'], { cwd: project.folder });
  expect(resumed.code).toBe(0);
  expectNothingAskedTwice();
  expect(measurementsOf(path.join(project.folder, 'killed.db'))).toEqual(
    measurementsOf(path.join(project.folder, 'whole.db')),
  );

  // Started once more, with another defense: the recorded replies answer everything.
  const requests = service.requests.length;
  const again = await runMoat(audit('whole.db', '--yes', '--defenses', 'gaussian-noise:sigma=0.5'), {
    cwd: project.folder,
  });
  expect(again.code).toBe(0);
  expect(service.requests).toHaveLength(requests);
  for (const file of readdirSync(project.folder, { recursive: true, encoding: 'utf8' }))
    if (statSync(path.join(project.folder, file)).isFile())
      expect(readFileSync(path.join(project.folder, file)).includes(TOKEN)).toBe(false);
});

test('is refused without a confirmation, and planned without a single request', async () => {
  writeEndpoint();
  const refused = await runMoat(audit('refused.db'), { cwd: project.folder });
  expect(refused.code).toBe(4);
  expect(refused.stderr).toMatch(/spending limit of \$1.00 is not confirmed/);
  const plan = await runMoat(audit('refused.db', '--dry-run'), { cwd: project.folder });
  expect(plan.code).toBe(0);
  expect(plan.stdout).toMatch(/network +asks http:\/\/127.0.0.1/);
  expect(plan.stdout).toMatch(/at most 230 images/);
  expect(service.requests).toHaveLength(0);
});

test('the spending limit stops the run; raised, the same command goes on where it stopped', async () => {
  writeEndpoint({ maxSpend: 0.1 });
  const stopped = await runMoat(audit('limit.db', '--yes'), { cwd: project.folder });
  expect(stopped.code).toBe(2);
  expect(stopped.stderr).toMatch(/spending limit of \$0.1 is reached/);
  expect(stopped.stderr).toMatch(/maxSpend/);
  expect(service.answered.length).toBeLessThanOrEqual(100);
  writeEndpoint({ maxSpend: 1 });
  const raised = await runMoat(audit('limit.db', '--yes'), { cwd: project.folder });
  expect(raised.code).toBe(0);
  expectNothingAskedTwice();
});

test('an outage in the middle of a cell stops the audit, resumable', async () => {
  writeEndpoint();
  const views = ['--attacks', 'direct-extraction:views=2', '--surrogate', 'small-cnn'];
  misbehave = (request) => (request > 32 ? { kind: 'status', status: 500, body: 'disk on fire' } : undefined);
  const stopped = await runMoat([...audit('outage.db', '--yes'), ...views], { cwd: project.folder });
  expect(stopped.code).toBe(2);
  expect(stopped.stderr).toMatch(/answered 500: disk on fire \(2 attempts\)/);
  misbehave = () => undefined;
  const resumed = await runMoat(['resume', '--db', 'outage.db'], { cwd: project.folder });
  expect(resumed.code).toBe(0);
  expectNothingAskedTwice();
  const connection = new Database(path.join(project.folder, 'outage.db'), { readonly: true });
  expect(connection.prepare("SELECT count(*) FROM cells WHERE state = 'failed'").pluck().get()).toBe(0);
  connection.close();
});

test.each([
  ['an unknown token', { kind: 'status', status: 401 } as const, 2, /answered 401/],
  ['nonsense', { kind: 'body', body: 'hello' } as const, 2, /not JSON: it begins with "hello"/],
])('%s is said in one sentence', async (_name, fault, code, message) => {
  writeEndpoint();
  misbehave = () => fault;
  const end = await runMoat(audit('bad.db', '--yes'), { cwd: project.folder });
  expect(end.code).toBe(code);
  expect(end.stderr).toMatch(message);
  expect(end.stderr).not.toMatch(/\n {4}at /);
  expect(service.requests.length).toBeLessThan(3);
});

test.each([
  [
    'no endpoint file',
    (url: string) => ['audit', url, '--pool', 'pool', '--task', 'tiny=task'],
    /--endpoint endpoint.json/,
  ],
  [
    'an endpoint file for a file',
    () => ['audit', 'encoder.onnx', '--endpoint', 'endpoint.json', '--pool', 'pool'],
    /belongs to a service/,
  ],
  ['preprocessing flags', () => [...audit('x.db'), '--size', '8'], /prepares its images itself/],
  ['more workers', () => [...audit('x.db'), '--workers', '2'], /--workers takes a whole number from 1 to 1/],
])('%s: usage', async (_name, command, message) => {
  writeEndpoint();
  const end = await runMoat(command(service.url), { cwd: project.folder });
  expect(end.code).toBe(4);
  expect(end.stderr).toMatch(message);
});
