import { afterAll, expect, test } from 'vitest';
import { openSurrogate } from '../surrogates/open.ts';
import { createEngine } from '../tensor/engine.ts';
import { attackIn, gradients, linearVictim, quarters } from '../../test/helpers/attack-world.ts';

const engine = await createEngine('onnx', { threads: 1 });
afterAll(() => engine.dispose());

const dimension = 16;
const victim = linearVictim(dimension, 0.4);

/** Share of the victim's variance on unseen images that the surrogate does not explain. */
async function unexplained(text: string): Promise<number> {
  const world = { engine, victim, dimension, budget: 600, defense: 'top-k:k=0.25' };
  const outcome = await attackIn(world, text);
  const opened = await openSurrogate(engine, outcome.surrogate, quarters);
  const images = gradients(200, 'unseen');
  const [got, wanted] = [await opened.embed(images), await victim(images)];
  await opened.dispose();
  let [error, square] = [0, 0];
  wanted.data.forEach((value, at) => {
    error += (value - (got.data[at] ?? 0)) ** 2;
    square += (value - 0.4) ** 2;
  });
  return error / square;
}

test('a linear victim that shows a quarter of each reply is recovered in closed form', async () => {
  // What is missing are coordinates so small that hardly a reply reveals them.
  expect(await unexplained('masked-regression:fit=closed-form:features=backbone')).toBeLessThan(0.05);
  // Regression on the zeros as if they were replies cannot.
  expect(await unexplained('backbone-stitching:features=backbone')).toBeGreaterThan(0.1);
});

test('trained, it does not take what was withheld for zero', async () => {
  // All coordinates lie around 3, and a quarter of them is shown: taken for zeros the others pull the mean below 1.
  const far = linearVictim(dimension, 3);
  const mean = async (text: string): Promise<number> => {
    const world = { engine, victim: far, dimension, budget: 128, defense: 'top-k:k=0.25' };
    const { surrogate } = await attackIn(world, text);
    const opened = await openSurrogate(engine, surrogate);
    const { data } = await opened.embed(gradients(50, 'unseen'));
    await opened.dispose();
    return data.reduce((sum, value) => sum + value, 0) / data.length;
  };
  expect(await mean('masked-regression')).toBeGreaterThan(2.5);
  expect(await mean('direct-extraction')).toBeLessThan(1.5);
});

test('says how much was revealed, and answers unseen coordinates with their mean', async () => {
  const world = { engine, victim, dimension, budget: 64, defense: 'top-k:k=1' };
  const { diagnostics, surrogate } = await attackIn(world, 'masked-regression:fit=closed-form');
  expect(diagnostics['revealed']).toBeCloseTo(1 / dimension, 6);
  expect(diagnostics['unsolvedCoordinates']).toBeGreaterThan(0);
  if (surrogate.kind !== 'linear-on-features') throw new Error(surrogate.kind);
  expect([...surrogate.bias].every(Number.isFinite)).toBe(true);
});
