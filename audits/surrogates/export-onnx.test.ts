import { afterAll, expect, test } from 'vitest';
import { matrix } from '../contract/data.ts';
import type { SurrogateModel } from '../contract/method.ts';
import { hashedImages } from '../datasets/image-hash.ts';
import { createRng } from '../rng.ts';
import { createEngine } from '../tensor/engine.ts';
import { decodeModel } from '../tensor/onnx/proto.ts';
import { exportSurrogate } from './export-onnx.ts';
import { inferenceInput } from './inference.ts';
import type { NetworkModel } from './inference.ts';
import { openSurrogate } from './open.ts';
import { calibrateStatistics, randomNetwork } from './random-network.ts';

const SIZE = 8;
const engine = await createEngine('onnx', { threads: 1 });
afterAll(() => engine.dispose());

const rng = createRng('export');
const COUNT = 48;
const images = hashedImages(
  Uint8Array.from({ length: COUNT * SIZE * SIZE * 3 }, () => rng.integer(256)),
  COUNT,
  SIZE,
  SIZE,
);

/** With the statistics of images, as a trained network has them: mean 0 and variance 1 would hide a swap. */
const network = (architecture: string, dimension: number): Promise<NetworkModel> =>
  calibrateStatistics(engine, randomNetwork(architecture, createRng(architecture), dimension, SIZE), images);

async function linearModel(): Promise<SurrogateModel> {
  const normal = (length: number) => Float32Array.from({ length }, () => rng.normal());
  return {
    kind: 'linear-on-features',
    features: await network('small-cnn', 7),
    weights: matrix(normal(21), 7, 3),
    bias: normal(3),
  };
}

test.each([
  ['small-cnn', () => network('small-cnn', 5)],
  ['resnet18 without a head', () => network('resnet18', 512)],
  ['resnet18 with a head', () => network('resnet18', 5)],
  ['a linear map on a network', linearModel],
])('the file of %s embeds any number of images as the engine does', async (_name, create) => {
  const model = await create();
  const file = await exportSurrogate(model);
  const opened = await openSurrogate(engine, model);
  const expected = await opened.embed(images);
  await opened.dispose();
  const loaded = await engine.loadModel(file!);
  expect(loaded.inputs[0]?.shape.slice(1)).toEqual([SIZE, SIZE, 3]);
  for (const count of [1, images.count]) {
    const { images: input } = inferenceInput(images.data, 0, count, SIZE);
    const { embedding } = await loaded.run({ image: { elementType: 'float32', ...input } });
    expect(embedding?.shape).toEqual([count, expected.columns]);
    const apart = embedding!.data.map((value, at) => Math.abs(value - expected.data[at]!));
    expect(Math.max(...apart)).toBeLessThan(1e-5 * Math.max(...expected.data.map(Math.abs)));
  }
  await loaded.dispose();
  // Operators of onnxruntime's own would keep other runtimes from opening it.
  const { graph } = decodeModel(file!);
  expect([...new Set(graph.node.map(({ domain }) => domain ?? ''))]).toEqual(['']);
});

test('a surrogate that needs a public encoder has no file of its own', async () => {
  const weights = matrix(new Float32Array(4), 2, 2);
  expect(exportSurrogate({ kind: 'backbone' })).toBeUndefined();
  expect(
    exportSurrogate({
      kind: 'linear-on-features',
      features: { kind: 'backbone' },
      weights,
      bias: new Float32Array(2),
    }),
  ).toBeUndefined();
});
