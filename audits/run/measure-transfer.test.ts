import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Measurement } from '../contract/cell.ts';
import { matrix, type Images } from '../contract/data.ts';
import type { Engine } from '../contract/engine.ts';
import type { SurrogateModel } from '../contract/method.ts';
import { hashedImages } from '../datasets/image-hash.ts';
import type { TaskEmbeddings } from '../metrics/evaluate.ts';
import { epsilons } from '../metrics/transfer.ts';
import { createRng } from '../rng.ts';
import { openSurrogate } from '../surrogates/open.ts';
import { calibrateStatistics, randomNetwork } from '../surrogates/random-network.ts';
import { createEngine } from '../tensor/engine.ts';
import { measureTransfer } from './measure-transfer.ts';
import { openTransferTarget, type TransferTarget } from './transfer-target.ts';

const [SIZE, COUNT, DIMENSION] = [8, 120, 16];
const LENGTH = SIZE * SIZE * 3;
const signal = new AbortController().signal;
const metricsRng = createRng('metrics');

/** Two classes: a little brighter to the left, or to the right, under noise. */
function halves(name: string): { readonly images: Images; readonly labels: Int32Array } {
  const rng = createRng(name);
  const labels = Int32Array.from({ length: COUNT }, (_, i) => i % 2);
  const data = Uint8Array.from({ length: COUNT * LENGTH }, (_, at) => {
    const isLeft = Math.floor(at / 3) % SIZE < SIZE / 2;
    const isBright = isLeft === (labels[Math.floor(at / LENGTH)] === 0);
    return 110 + (isBright ? 30 : 0) + rng.integer(60);
  });
  return { images: hashedImages(data, COUNT, SIZE, SIZE), labels };
}
const [fit, score] = [halves('fit'), halves('score')];

let engine: Engine;
let victim: SurrogateModel;
let target: TransferTarget;
const closing: (() => Promise<void>)[] = [];

const network = (name: string): Promise<SurrogateModel> =>
  calibrateStatistics(engine, randomNetwork('small-cnn', createRng(name), DIMENSION, SIZE), fit.images);

async function embedded(model: SurrogateModel): Promise<TaskEmbeddings> {
  const opened = await openSurrogate(engine, model);
  const embeddings = [await opened.embed(fit.images), await opened.embed(score.images)] as const;
  await opened.dispose();
  return {
    name: 'halves',
    classes: 2,
    fit: { embeddings: embeddings[0], labels: fit.labels },
    score: { embeddings: embeddings[1], labels: score.labels },
  };
}

const measure = async (model: SurrogateModel): Promise<readonly Measurement[]> =>
  measureTransfer({ engine, rng: metricsRng, signal }, model, await embedded(model), target);
const valueOf = (measured: readonly Measurement[], metric: string): number =>
  measured.find((entry) => entry.metric === metric)?.value ?? Number.NaN;

beforeAll(async () => {
  engine = await createEngine('onnx', { threads: 1 });
  victim = await network('victim');
  const opened = await openSurrogate(engine, victim);
  closing.push(() => opened.dispose());
  const found = await openTransferTarget({
    context: { engine, rng: metricsRng },
    embeddings: await embedded(victim),
    images: () => score.images,
    victim: { preprocessing: { height: SIZE, width: SIZE }, embed: (images) => opened.embed(images) },
    rng: createRng('noise'),
  });
  if (found === undefined) throw new Error('there are images to score');
  target = found;
});
afterAll(async () => {
  for (const close of closing) await close();
  await engine.dispose();
});

test('the victim’s own gradients mislead it far more often than random signs of the same size', async () => {
  const measured = await measure(victim);
  expect(valueOf(measured, 'fgsm-victim-accuracy-0')).toBeGreaterThan(0.9);
  expect(valueOf(measured, 'fgsm-success-0.1')).toBeGreaterThan(0.8);
  expect(valueOf(measured, 'fgsm-random-success-0.1')).toBeLessThan(0.4);
  // Copy and victim are one: both right on the same images.
  for (const epsilon of epsilons)
    expect(valueOf(measured, `fgsm-victim-accuracy-${epsilon}`)).toBeCloseTo(
      1 - valueOf(measured, `fgsm-success-${epsilon}`),
      6,
    );
});

test('values are the means of one item for each image the victim gets right, the same images for every copy', async () => {
  const [own, other] = [await measure(victim), await measure(await network('other'))];
  const right = target.right.reduce((sum, value) => sum + value, 0);
  for (const { metric, items, n, value } of [...own, ...other]) {
    if (!metric.includes('success')) continue;
    expect([items?.length, n]).toEqual([right, right]);
    expect(value).toBeCloseTo((items ?? new Float32Array()).reduce((sum, each) => sum + each, 0) / right, 6);
  }
  // The control knows nothing of the copy.
  expect(valueOf(other, 'fgsm-random-success-0.2')).toBe(valueOf(own, 'fgsm-random-success-0.2'));
  expect(valueOf(other, 'fgsm-success-0.1')).toBeLessThan(valueOf(own, 'fgsm-success-0.1'));
});

test('gradients pass through a linear map; a copy on a public encoder has none and is not measured', async () => {
  const doubled: SurrogateModel = {
    kind: 'linear-on-features',
    features: victim,
    weights: matrix(
      Float32Array.from({ length: DIMENSION ** 2 }, (_, at) => (at % (DIMENSION + 1) === 0 ? 2 : 0)),
      DIMENSION,
      DIMENSION,
    ),
    bias: new Float32Array(DIMENSION).fill(1),
  };
  const [plain, mapped] = [await measure(victim), await measure(doubled)];
  expect(valueOf(mapped, 'fgsm-success-0.1')).toBeCloseTo(valueOf(plain, 'fgsm-success-0.1'), 1);
  const onBackbone = { kind: 'backbone' } as const;
  expect(
    await measureTransfer({ engine, rng: metricsRng, signal }, onBackbone, await embedded(victim), target),
  ).toEqual([]);
});

test('images kept smaller than the victim takes them are enlarged for it', async () => {
  const sizes: number[] = [];
  await openTransferTarget({
    context: { engine, rng: metricsRng },
    embeddings: await embedded(victim),
    images: () => score.images,
    victim: {
      preprocessing: { height: 24, width: 16 },
      embed: (images) => {
        sizes.push(images.height, images.width);
        return Promise.resolve(matrix(new Float32Array(images.count * DIMENSION), images.count, DIMENSION));
      },
    },
    rng: createRng('noise'),
  });
  expect(new Set(sizes)).toEqual(new Set([24, 16]));
});
