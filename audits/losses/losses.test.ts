import '@tensorflow/tfjs-backend-cpu';
import { describe, expect, test } from 'vitest';
import { tf, valueAndGradients } from '../tensor/ops.ts';
import type { Tensor2D } from '../tensor/ops.ts';
import type { LossOptions } from './loss.ts';
import { findLoss, lossIds, losses } from './registry.ts';

/** The vectors of specification 3.9: first views given, second views by its formula. */
const A = tf.tensor2d([
  [0.6, 1, 0],
  [0.3, 0.4, 0.8],
  [0.8, 0.1, 0.5],
  [0.5, 0.9, 1],
]);
const V = tf.tensor2d([
  [1.2, 0.2, 0.6],
  [0.6, 1, 0.3],
  [0.3, 0.7, 0.8],
  [1.1, 0.1, 0.5],
]);
const A2 = secondView(15, 3);
const V2 = secondView(20, 4);

function secondView(offset: number, shift: number): Tensor2D {
  return tf.tensor2d(
    [0, 1, 2, 3].map((i) =>
      [0, 1, 2].map((j) => ((7 * i + 3 * j + offset) % 11) / 10 + 0.1 * ((i + j + shift) % 3)),
    ),
  );
}

const value = (
  id: string,
  surrogateViews: readonly Tensor2D[],
  victimViews: readonly Tensor2D[],
  options: LossOptions = {},
): number => findLoss(id).compute(surrogateViews, victimViews, options).dataSync()[0] ?? Number.NaN;

describe('golden values of the official functions', () => {
  test.each([
    ['mse', {}, 0.3341666667],
    ['wasserstein', {}, 0.517391518],
    ['infonce', {}, 5.231839292],
    ['infonce', { temperature: 0.1 }, 3.9574000974],
    ['infonce', { temperature: 0.25 }, 2.4999181315],
    ['softnn', { temperature: 1 }, 2.2939804669],
    ['softnn', {}, 1.9485326094],
    ['softnn', { temperature: 1000 }, 1.9461716524],
  ] as const)('%s, one view, %o', (id, options, expected) => {
    expect(Math.abs(value(id, [A], [V], options) - expected)).toBeLessThan(1e-6);
  });

  test('infonce, two views, first positive as coded by the paper', () => {
    const measured = value('infonce', [A, A2], [V, V2], { positives: 'first' });
    expect(Math.abs(measured - 5.0998308346)).toBeLessThan(1e-6);
  });

  test('softnn, two views', () => {
    const measured = value('softnn', [A, A2], [V, V2], { temperature: 1 });
    expect(Math.abs(measured - 1.6969817224)).toBeLessThan(1e-6);
  });
});

test('mean over positives averages the three choices of a positive', () => {
  // Written out with plain numbers: rows normalised, denominators over all other rows.
  const rows = [A, A2, V, V2]
    .flatMap((view) => view.arraySync())
    .map((row) => {
      const norm = Math.hypot(...row);
      return row.map((entry) => entry / norm);
    });
  const similarity = (r: number, c: number): number =>
    rows[r]!.reduce((sum, entry, k) => sum + entry * rows[c]![k]!, 0) / 0.07;
  let total = 0;
  for (let r = 0; r < 16; r++) {
    const others = rows.map((_, c) => c).filter((c) => c !== r);
    const logDenominator = Math.log(others.reduce((sum, c) => sum + Math.exp(similarity(r, c)), 0));
    const positives = others.filter((c) => c % 4 === r % 4);
    total += logDenominator - positives.reduce((sum, c) => sum + similarity(r, c), 0) / 3;
  }
  expect(value('infonce', [A, A2], [V, V2], { positives: 'mean' })).toBeCloseTo(total / 16, 4);
});

test('cosine is 0 for a scaled copy and 2 for its opposite', () => {
  expect(value('cosine', [tf.mul(A, 3)], [A])).toBeCloseTo(0, 6);
  expect(value('cosine', [tf.mul(A, -1)], [A])).toBeCloseTo(2, 6);
});

test.each(losses.map((loss) => [loss.id, loss] as const))(
  '%s pulls a surrogate towards the victim by its gradient',
  (_, loss) => {
    for (const views of loss.views) {
      const victims = [V, V2].slice(0, views);
      const starts = [A, A2].slice(0, views);
      const evaluate = (list: readonly Tensor2D[]) => loss.compute(list, victims, {});
      const { value: before, gradients } = valueAndGradients(
        (parameters) => evaluate(starts.map((_start, i) => parameters[`view${i}`] as Tensor2D)),
        Object.fromEntries(starts.map((start, i) => [`view${i}`, start])),
      );
      const moved = starts.map((start, i): Tensor2D => tf.sub(start, tf.mul(gradients[`view${i}`]!, 0.002)));
      expect(evaluate(moved).dataSync()[0]!).toBeLessThan(before.dataSync()[0]!);
      for (const gradient of Object.values(gradients))
        expect(gradient.dataSync().every((entry) => Number.isFinite(entry))).toBe(true);
    }
  },
);

test('an unknown loss is refused with the list of known ones', () => {
  expect(() => findLoss('l1')).toThrow(/mse, cosine, infonce/);
  expect(losses.map((loss) => loss.id)).toEqual([...lossIds]);
});
