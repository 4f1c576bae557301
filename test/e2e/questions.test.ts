import { mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { zipSync } from 'fflate';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AuditEstimate, DataSheet, EncoderSheet } from '../../audits/contract/bridge.ts';
import type { PreflightReport } from '../../audits/contract/encoder.ts';
import { openDataset } from '../../audits/datasets/dataset.ts';
import { writeNpz } from '../../audits/datasets/npz.ts';
import { preflightSpeed } from '../../audits/plan/cost.ts';
import { readImages } from '../../audits/datasets/read.ts';
import { openEncoder } from '../../audits/encoder/encoder.ts';
import { dataSheet } from '../../audits/run/data-sheet.ts';
import { forkWorker, type StartWorker, type WorkerHost } from '../../audits/run/worker-host.ts';
import { Answering, stopAnswering } from '../../audits/serve/answering.ts';
import { auditsEstimate } from '../../audits/serve/methods/audits-estimate.ts';
import { dataLook } from '../../audits/serve/methods/data-look.ts';
import { encoderInspect } from '../../audits/serve/methods/encoder-inspect.ts';
import { loadModel } from '../../audits/tensor/onnx/model.ts';
import { runMoat } from '../helpers/moat.ts';
import { contextWithoutStore } from '../helpers/serve-context.ts';
import { makeTinyProject } from '../helpers/tiny-project.ts';

/** What a window asks before an audit, answered by a real process of its own on real files. */

let folder = '';
const at = (...parts: string[]): string => path.join(folder, ...parts);
beforeAll(async () => {
  ({ folder } = await makeTinyProject());
});
const context = contextWithoutStore('/');
afterAll(async () => {
  await stopAnswering(context);
  rmSync(folder, { recursive: true, force: true });
});

const inspect = async (request: Parameters<typeof encoderInspect.run>[0]): Promise<EncoderSheet> =>
  encoderInspect.run(request, context);
const look = async (place: string): Promise<DataSheet> => dataLook.run({ path: place }, context);
const estimate = async (
  settings: Record<string, unknown>,
  imagesPerSecond?: number,
  dimension?: number,
): Promise<AuditEstimate> => auditsEstimate.run({ settings, imagesPerSecond, dimension }, context);

async function pixelsOf(picture: string) {
  const { data, info } = await sharp(Buffer.from(picture.slice('data:image/png;base64,'.length), 'base64'))
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { data: new Uint8Array(data), width: info.width, height: info.height };
}

describe('encoder.inspect', () => {
  test('tensors, preprocessing with its sources, a sentence per check, ten examples of the input', async () => {
    const sheet = await inspect({ path: at('encoder.onnx'), options: {}, images: at('task') });
    expect(sheet).toMatchObject({
      name: 'encoder.onnx',
      inputs: [{ name: 'image', type: 'float32', shape: ['batch', 3, 16, 16] }],
      outputs: [{ name: 'embedding', type: 'float32', shape: ['batch', 24] }],
      dimension: 24,
      options: { size: 16, range: '0-1', layout: 'nchw', output: 'embedding' },
      auditable: true,
      expectation: null,
      exampleValues: { values: { least: 0, most: 1 }, drawn: { least: 0, most: 1 } },
    });
    expect(sheet.preprocessing).toContainEqual({ name: 'range', value: '0-1', source: 'guess' });
    expect(sheet.preprocessing).toContainEqual({ name: 'size', value: '16 x 16', source: 'model' });
    for (const { sentence } of sheet.checks) expect(sentence).toMatch(/^[A-Z].*\.$/);
    expect(sheet.examples).toHaveLength(10);
    // The first example is the first test image, pixel for pixel.
    const { data, width, height } = await pixelsOf(sheet.examples[0] ?? '');
    expect([width, height]).toEqual([16, 16]);
    const { images } = await readImages(await openDataset(at('task')), 'test', [0], {
      height: 16,
      width: 16,
      resize: 'stretch',
      resizeTo: 16,
      interpolation: 'bilinear',
    });
    expect(data).toEqual(images.data);
  });

  test('other values change the examples and what running it showed', async () => {
    const before = await inspect({ path: at('encoder.onnx'), options: {} });
    const triple = (value: number): [number, number, number] => [value, value, value];
    const options = { mean: triple(0.4), std: triple(0.2) };
    const after = await inspect({ path: at('encoder.onnx'), options });
    expect(after.preprocessing).toContainEqual({ name: 'mean', value: '0.4, 0.4, 0.4', source: 'flag' });
    expect(after.exampleValues).toMatchObject({ values: { least: -2 }, drawn: { least: -3, most: 3 } });
    expect(after.examples[0]).not.toBe(before.examples[0]);
    const norms = ({ checks }: EncoderSheet) => checks.find(({ id }) => id === 'norms')?.sentence;
    expect(norms(after)).not.toBe(norms(before));
  });

  test('replies of production prove the preprocessing, or say which one it is', async () => {
    const dataset = await openDataset(at('pool'));
    const production = { range: '-1-1' as const };
    const encoder = await openEncoder(
      { loadModel: (source) => loadModel(source, 1) },
      at('encoder.onnx'),
      production,
    );
    const indices = Array.from({ length: 12 }, (_, i) => i);
    const { images } = await readImages(dataset, 'all', indices, encoder.description.preprocessing);
    const vectors = await encoder.embed(images);
    await encoder.dispose();
    const expected = at('replies.npz');
    await writeNpz(expected, {
      images: { shape: [12, 16, 16, 3], data: images.data },
      vectors: { shape: [12, 24], data: vectors.data },
    });
    const wrong = await inspect({ path: at('encoder.onnx'), options: {}, expect: expected });
    expect(wrong.expectation).toMatchObject({ proven: false, better: { options: { range: '-1-1' } } });
    const right = await inspect({ path: at('encoder.onnx'), options: production, expect: expected });
    expect(right.expectation).toMatchObject({ proven: true, better: null });
  });

  test('hostile files are refused in a sentence', async () => {
    const bytes = readFileSync(at('encoder.onnx'));
    writeFileSync(at('cut.onnx'), bytes);
    truncateSync(at('cut.onnx'), Math.floor(bytes.length / 2));
    writeFileSync(at('zip.onnx'), zipSync({ 'data.pkl': new Uint8Array(10) }));
    writeFileSync(at('empty.onnx'), '');
    const refusal = async (name: string): Promise<unknown> =>
      inspect({ path: at(name), options: {} }).then(
        () => 'accepted',
        (error: unknown) => error,
      );
    expect(await refusal('cut.onnx')).toMatchObject({ code: 'encoder-truncated' });
    expect(await refusal('zip.onnx')).toMatchObject({
      code: 'encoder-not-onnx',
      message: expect.stringContaining('a PyTorch checkpoint') as string,
    });
    expect(await refusal('empty.onnx')).toMatchObject({ code: 'encoder-not-onnx' });
    expect(await refusal('none.onnx')).toMatchObject({ code: 'path-missing' });
    expect(await refusal('task')).toMatchObject({ code: 'encoder-not-onnx' });
  });

  test.each([
    [{ path: 'encoder.onnx', options: {} }],
    [{ path: '/x.onnx', options: { colour: 'red' } }],
    [{ path: '/x.onnx', options: { size: -1 } }],
    [{ path: '/x.onnx' }],
  ])('the request %j is refused', (request) => {
    expect(encoderInspect.request.safeParse(request).success).toBe(false);
  });
});

describe('data.look', () => {
  test('parts, classes, counts and pictures of 64 pixels', async () => {
    const sheet = await look(at('task'));
    const classes = ['class-0', 'class-1', 'class-2'];
    expect(sheet).toMatchObject({
      name: 'task',
      kind: 'image-folder',
      splits: [
        { name: 'train', images: 90, classes },
        { name: 'test', images: 60, classes },
      ],
      classCount: 3,
      isCut: false,
      notes: [],
    });
    expect(sheet.thumbnails).toHaveLength(24);
    expect(await pixelsOf(sheet.thumbnails[23] ?? '')).toMatchObject({ width: 64, height: 64 });
  });

  test('the demo is looked at without a file', async () => {
    expect(await look('builtin:demo')).toMatchObject({ name: 'demo', kind: 'demo', classCount: 10 });
  });

  test('unreadable images are named', async () => {
    mkdirSync(at('broken'));
    writeFileSync(at('broken', 'a.png'), 'no picture');
    await sharp({ create: { width: 9, height: 9, channels: 3, background: 'red' } }).toFile(
      at('broken', 'b.png'),
    );
    const sheet = await look(at('broken'));
    expect(sheet.thumbnails).toHaveLength(1);
    expect(sheet.notes).toEqual([
      '1 of the 2 images looked at cannot be read: a.png is no picture in a format Moat reads.',
    ]);
  });

  test('only the beginning of a very large folder is looked at, which it says', async () => {
    const sheet = await dataSheet(at('task'), 40);
    expect(sheet.isCut).toBe(true);
    expect(sheet.splits.reduce((sum, { images }) => sum + images, 0)).toBeLessThanOrEqual(80);
    expect(sheet.notes[0]).toBe('Only the first 40 files were looked at; an audit reads all of them.');
  });

  test('what holds no images is refused in a sentence', async () => {
    mkdirSync(at('nothing'));
    await expect(look(at('nothing'))).rejects.toMatchObject({ code: 'dataset-empty' });
    writeFileSync(at('cut.npz'), zipSync({ 'x.npy': new Uint8Array(500) }).subarray(0, 60));
    await expect(look(at('cut.npz'))).rejects.toMatchObject({ code: 'dataset-format' });
    await expect(look(at('encoder.onnx'))).rejects.toMatchObject({ code: 'dataset-format' });
    await expect(look(at('gone'))).rejects.toMatchObject({ code: 'path-missing' });
  });
});

describe('audits.estimate', () => {
  const settings = () => ({ encoder: at('encoder.onnx'), pool: [at('pool')], task: { tiny: at('task') } });

  test('cells and queries are those of `moat audit --dry-run`', async () => {
    const further = {
      ...settings(),
      budgets: [20, 40],
      seeds: 2,
      fitRows: 100,
      scoreRows: 100,
      accounts: [1, 2],
      defenses: ['top-k', 'gaussian-noise:sigma=0.5+rounding', 'account-transform'],
    };
    const asked = await estimate(further);
    const dry = await runMoat(
      [
        'audit encoder.onnx --pool pool --task tiny=task --dry-run --json',
        '--budgets 20,40 --seeds 2 --fit-rows 100 --score-rows 100',
        `--accounts 1,2 --defenses ${further.defenses.join(',')}`,
      ].flatMap((part) => part.split(' ')),
      { cwd: folder },
    );
    expect(dry.code, dry.stderr).toBe(0);
    const { summary } = JSON.parse(dry.stdout) as { summary: AuditEstimate };
    expect(asked.cells).toBe(summary.cells);
    expect(asked.queries).toBe(summary.queries);
    expect(asked.dollars).toBe(summary.dollars);
    expect(asked.notApplicable).toEqual(summary.notApplicable);
    expect(asked.cells).toBeGreaterThan(20);
  });

  test('the time counts preparation at the speed that was measured, and what is measured of copies besides', async () => {
    const { imagesPerSecond } = await inspect({ path: at('encoder.onnx'), options: {} });
    if (imagesPerSecond === null) throw new Error('the tiny encoder was too fast to time');
    const asked = { ...settings(), budgets: [40], attacks: ['direct-extraction'], workers: 1, seeds: 1 };
    const plain = await estimate(asked, imagesPerSecond);
    const slow = await estimate(asked, 0.5);
    // 150 images of the task, 40 of the pool and more, and a preflight.
    expect(slow.preparationMs).toBeGreaterThan(190 * 2000);
    expect(plain.preparationMs).toBeGreaterThan(0);
    expect(slow.preparationMs).toBeGreaterThan(plain.preparationMs);
    expect(plain.estimatedMs).toBeGreaterThan(plain.preparationMs);
    const transfer = await estimate({ ...asked, fidelity: ['transfer'] }, 0.5);
    // Sixty images to score, six strengths, two seconds each: of the copy, and of the control.
    expect(transfer.estimatedMs - slow.estimatedMs).toBeGreaterThan(2 * 6 * 60 * 2000);
    const ownership = await estimate({ ...asked, ownership: true, private: at('pool') }, imagesPerSecond);
    expect(ownership.estimatedMs).toBeGreaterThan(plain.estimatedMs);
    expect(ownership.cells).toBe(plain.cells);
  });

  test('with what was seen of the encoder, the cells take as long as by `moat audit --dry-run`, ownership tests too', async () => {
    const dry = await runMoat(
      [
        'audit encoder.onnx --pool pool --task tiny=task --dry-run --json --ownership --workers 1',
        '--budgets 40 --seeds 1 --attacks direct-extraction --defenses none',
      ].flatMap((part) => part.split(' ')),
      { cwd: folder },
    );
    expect(dry.code, dry.stderr).toBe(0);
    const plan = JSON.parse(dry.stdout) as {
      preparation: { preflight: PreflightReport };
      summary: AuditEstimate;
    };
    const { preflight } = plan.preparation;
    const asked = {
      ...settings(),
      budgets: [40],
      attacks: ['direct-extraction'],
      defenses: ['none'],
      workers: 1,
      seeds: 1,
      ownership: true,
    };
    const seen = await estimate(asked, preflightSpeed(preflight), preflight.dimension);
    expect(seen.cells).toBe(plan.summary.cells);
    expect(seen.estimatedMs - seen.preparationMs).toBeCloseTo(plan.summary.estimatedMs, 6);
  });

  test('what must be faced comes with its reason, named or not', async () => {
    const { mandatory } = await estimate({
      ...settings(),
      budgets: [40],
      attacks: ['direct-extraction'],
      defenses: ['top-k'],
    });
    expect(mandatory).toContainEqual({
      attack: 'direct-extraction',
      defense: 'none',
      isNamed: true,
      reason: expect.stringContaining('nothing can be judged') as string,
    });
    expect(mandatory).toContainEqual({
      attack: 'masked-regression',
      defense: 'top-k',
      isNamed: false,
      reason:
        'Masked regression is made against Top-k coordinates: a defense that has not faced it cannot pass.',
    });
  });

  test.each([
    ['attack', ['none']],
    ['defense', ['rounding', 'top-k']],
  ] as const)('dropping the dearest %s saves what the estimate says', async (kind, defenses) => {
    const attacks = ['direct-extraction', 'stolen-encoder', 'rda'];
    const all = { ...settings(), budgets: [40], attacks, defenses };
    const { dearest, estimatedMs, cells } = await estimate(all);
    expect(dearest?.kind).toBe(kind);
    const others = (names: readonly string[]) => names.filter((name) => name !== dearest?.label);
    const without = await estimate({ ...all, attacks: others(attacks), defenses: others(defenses) });
    expect(without.cells).toBe(cells - (dearest?.savedCells ?? 0));
    expect(without.estimatedMs).toBeCloseTo(estimatedMs - (dearest?.savedMs ?? 0), 3);
  });

  test('settings that make no audit are refused in a sentence', async () => {
    await expect(estimate({ encoder: at('encoder.onnx') })).rejects.toMatchObject({ code: 'usage' });
    await expect(estimate({ ...settings(), budgets: [5000] })).rejects.toMatchObject({
      code: 'dataset-too-small',
    });
    await expect(estimate({ ...settings(), defenses: ['moat'] })).rejects.toMatchObject({
      code: 'method-unknown',
    });
    expect(() => auditsEstimate.run({ settings: { colour: 1 } }, context)).toThrow(/This audit: /);
  });
});

describe('the process that answers', () => {
  test('one that ends or takes too long costs its question; the next one has a new process', async () => {
    const started: WorkerHost[] = [];
    const start: StartWorker = (log) => {
      const worker = forkWorker(log);
      started.push(worker);
      return worker;
    };
    const answering = new Answering(start, () => undefined);
    const lost = answering.ask<'look'>({ kind: 'look', path: at('task') });
    const next = answering.ask<'look'>({ kind: 'look', path: at('pool') });
    const refused = expect(lost).rejects.toMatchObject({
      code: 'dataset-unreadable',
      message: expect.stringContaining('ended unexpectedly') as string,
    });
    // The first question is with its process once this much has been settled.
    await Promise.resolve();
    await started[0]?.stop(0);
    await refused;
    expect((await next).name).toBe('pool');
    expect(started).toHaveLength(2);
    await answering.stop();

    const hasty = new Answering(start, () => undefined, 1);
    await expect(hasty.ask<'look'>({ kind: 'look', path: at('task') })).rejects.toMatchObject({
      message: expect.stringContaining('took longer than') as string,
    });
    await hasty.stop();
  });
});
