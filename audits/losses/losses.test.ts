import { afterAll, describe, expect, test } from 'vitest';
import { createRng } from '../rng.ts';
import { createEngine } from '../tensor/engine.ts';
import { valueAndGradients } from '../tensor/ops.ts';
import type { Tensor, Tensor1D, Tensor2D } from '../tensor/ops.ts';
import type { LossDefinition, LossOptions } from './loss.ts';
import { symmetrizedCosine } from './siamese-head.ts';
import { crossEntropy } from './cross-entropy.ts';
import { findLoss, lossIds, losses, lossVersions } from './registry.ts';

/** The vectors of specification 3.9: first views given, second views by its formula. `[4, 3]` */
const A = [0.6, 1, 0, 0.3, 0.4, 0.8, 0.8, 0.1, 0.5, 0.5, 0.9, 1];
const V = [1.2, 0.2, 0.6, 0.6, 1, 0.3, 0.3, 0.7, 0.8, 1.1, 0.1, 0.5];
const A2 = secondView(15, 3);
const V2 = secondView(20, 4);
const BATCH = 4;
const DIMENSION = 3;

function secondView(offset: number, shift: number): number[] {
  return [0, 1, 2, 3].flatMap((i) =>
    [0, 1, 2].map((j) => ((7 * i + 3 * j + offset) % 11) / 10 + 0.1 * ((i + j + shift) % 3)),
  );
}

const engines = {
  reference: await createEngine('reference', { threads: 1 }),
  onnx: await createEngine('onnx', { threads: 1 }),
};
afterAll(() => Promise.all(Object.values(engines).map((engine) => engine.dispose())));

interface Extra {
  /** Class of each image; default: 0, 1, 0, 2. */
  readonly labels?: readonly number[];
  readonly loss?: LossDefinition;
}

/** The loss and its gradients with respect to the surrogate's views, as an engine computes them in a step. */
async function evaluate(
  engineId: keyof typeof engines,
  lossId: string,
  surrogateViews: readonly (readonly number[])[],
  victimViews: readonly (readonly number[])[],
  options: LossOptions = {},
  { labels, loss = findLoss(lossId) }: Extra = {},
) {
  const shape = [BATCH, DIMENSION];
  const host = (kind: string, views: readonly (readonly number[])[]) =>
    Object.fromEntries(
      views.map((view, i) => [`${kind}${i}`, { shape, data: Float32Array.from(view) }] as const),
    );
  const given = { ...host('surrogate', surrogateViews), ...host('victim', victimViews) };
  const classes = { shape: [BATCH], data: Float32Array.from(labels ?? [0, 1, 0, 2]) };
  const head = loss.head?.initialize(createRng('head'), DIMENSION, DIMENSION) ?? {};
  const step = await engines[engineId].compile<Tensor>({
    name: lossId,
    state: head,
    inputs: {
      labels: { shape: [BATCH], dtype: 'float32' },
      ...Object.fromEntries(Object.keys(given).map((name) => [name, { shape, dtype: 'float32' as const }])),
    },
    step(state, inputs) {
      const named = (kind: string) => Object.keys(inputs).filter((name) => name.startsWith(kind));
      const victims = named('victim').map((name) => {
        const replies = inputs[name] as Tensor2D;
        return loss.head?.receive?.(replies, state) ?? replies;
      });
      const { value, gradients } = valueAndGradients(
        (parameters) =>
          loss.compute(
            named('surrogate').map((name) => parameters[name] as Tensor2D),
            victims,
            options,
            { labels: inputs['labels'] as Tensor1D, head: state },
          ),
        Object.fromEntries(named('surrogate').map((name) => [name, inputs[name] as Tensor])),
      );
      return { state: {}, outputs: { value, ...gradients } };
    },
  });
  const outputs = await step.run({ ...given, labels: classes });
  await step.dispose();
  return {
    value: outputs['value']!.data[0]!,
    gradients: surrogateViews.map((_, i) => [...outputs[`surrogate${i}`]!.data]),
  };
}

function withoutHead({ head: _head, ...loss }: LossDefinition): LossDefinition {
  return loss;
}

/** Float32 keeps seven digits. */
function expectGolden(value: number, expected: number): void {
  expect(Math.abs(value - expected)).toBeLessThan(1e-6 * Math.max(1, expected));
}

describe.each(['reference', 'onnx'] as const)(
  'golden values of the official functions, %s engine',
  (engine) => {
    test.each([
      ['mse', {}, 0.3341666667],
      ['wasserstein', {}, 0.517391518],
      ['infonce', {}, 5.231839292],
      ['infonce', { temperature: 0.1 }, 3.9574000974],
      ['infonce', { temperature: 0.25 }, 2.4999181315],
      ['softnn', { temperature: 1 }, 2.2939804669],
      ['softnn', {}, 1.9485326094],
      ['softnn', { temperature: 1000 }, 1.9461716524],
    ] as const)('%s, one view, %o', async (id, options, expected) => {
      const { value } = await evaluate(engine, id, [A], [V], options);
      expectGolden(value, expected);
    });

    test('infonce, two views, first positive as coded by the paper', async () => {
      const { value } = await evaluate(engine, 'infonce', [A, A2], [V, V2], { positives: 'first' });
      expectGolden(value, 5.0998308346);
    });

    test('softnn is finite, and has a gradient, where every distance is far beyond the temperature', async () => {
      const far = A.map((value) => value * 100);
      const { value, gradients } = await evaluate(engine, 'softnn', [far], [V], { temperature: 0.01 });
      // About the squared distance of a row to its image, over the temperature.
      expect(value).toBeGreaterThan(1000);
      expect(Number.isFinite(value)).toBe(true);
      for (const gradient of gradients) {
        expect(gradient.every(Number.isFinite)).toBe(true);
        expect(gradient.some((slope) => slope !== 0)).toBe(true);
      }
    });

    test('softnn, two views', async () => {
      const { value } = await evaluate(engine, 'softnn', [A, A2], [V, V2], { temperature: 1 });
      expectGolden(value, 1.6969817224);
    });

    test('supcon, two views, labels 0 1 0 2', async () => {
      const { value } = await evaluate(engine, 'supcon', [A, A2], [V, V2]);
      expectGolden(value, 4.8972759643);
    });

    test('barlow', async () => {
      const { value } = await evaluate(engine, 'barlow', [A, A2], [V, V2]);
      expectGolden(value, 1.1084431);
    });

    test('symmetrized cosine of p1 = A, z2 = V2, p2 = A2, z1 = V', async () => {
      // The loss without its head: predictions and projections as they are given.
      const loss: LossDefinition = {
        ...withoutHead(findLoss('symmetrized')),
        compute: (predictions, projections) => symmetrizedCosine(predictions, projections),
      };
      const { value } = await evaluate(engine, 'symmetrized', [A, A2], [V, V2], {}, { loss });
      expectGolden(value, -0.6732469187);
    });
  },
);

test('mean over positives averages the three choices of a positive', async () => {
  // Written out with plain numbers: rows normalised, denominators over all other rows.
  const rows = [A, A2, V, V2].flatMap((view) =>
    [0, 1, 2, 3].map((row) => {
      const values = view.slice(row * DIMENSION, (row + 1) * DIMENSION);
      return values.map((entry) => entry / Math.hypot(...values));
    }),
  );
  const similarity = (r: number, c: number): number =>
    rows[r]!.reduce((sum, entry, k) => sum + entry * rows[c]![k]!, 0) / 0.07;
  let total = 0;
  for (let r = 0; r < 16; r++) {
    const others = rows.map((_, c) => c).filter((c) => c !== r);
    const logDenominator = Math.log(others.reduce((sum, c) => sum + Math.exp(similarity(r, c)), 0));
    const positives = others.filter((c) => c % 4 === r % 4);
    total += logDenominator - positives.reduce((sum, c) => sum + similarity(r, c), 0) / 3;
  }
  const { value } = await evaluate('reference', 'infonce', [A, A2], [V, V2], { positives: 'mean' });
  expect(value).toBeCloseTo(total / 16, 4);
});

test('cosine is 0 for a scaled copy and 2 for its opposite', async () => {
  const scaled = (factor: number) => [A.map((entry) => entry * factor)];
  expect((await evaluate('reference', 'cosine', scaled(3), [A])).value).toBeCloseTo(0, 6);
  expect((await evaluate('reference', 'cosine', scaled(-1), [A])).value).toBeCloseTo(2, 6);
});

test('supcon with a class for every image is infonce over all positives', async () => {
  const own = await evaluate('reference', 'supcon', [A, A2], [V, V2], {}, { labels: [3, 0, 7, 1] });
  const { value } = await evaluate('reference', 'infonce', [A, A2], [V, V2]);
  expect(own.value).toBeCloseTo(value, 5);
});

test('cross-entropy of even scores is the logarithm of the number of classes', async () => {
  const zeros: readonly number[] = A.map(() => 0);
  const classes = [1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 0, 0];
  const { value } = await evaluate('reference', '', [zeros], [classes], {}, { loss: crossEntropy });
  expect(value).toBeCloseTo(Math.log(DIMENSION), 6);
});

test.each(losses.flatMap((loss: LossDefinition) => loss.views.map((views) => [loss.id, views] as const)))(
  '%s with %d view(s) has one gradient in both engines, and it leads towards the victim',
  async (id, views) => {
    const victims = [V, V2].slice(0, views);
    const starts = [A, A2].slice(0, views);
    const before = await evaluate('reference', id, starts, victims);
    const compiled = await evaluate('onnx', id, starts, victims);
    for (const [view, gradient] of before.gradients.entries())
      for (const [at, entry] of gradient.entries())
        expect(compiled.gradients[view]![at]).toBeCloseTo(entry, 5);
    const length = Math.hypot(...before.gradients.flat());
    const moved = starts.map((start, view) =>
      start.map((entry, at) => entry - (0.01 * before.gradients[view]![at]!) / length),
    );
    expect((await evaluate('reference', id, moved, victims)).value).toBeLessThan(before.value);
  },
);

test('masked-mse looks at the non-zero coordinates only, row by row', async () => {
  // Row 0 reveals its first coordinate, row 1 none, row 2 all, row 3 the last two.
  const replies = [1, 0, 0, 0, 0, 0, 0.3, 0.7, 0.8, 0, 0.1, 0.5];
  const { value, gradients } = await evaluate('reference', 'masked-mse', [A], [replies]);
  const rows = [0.4 ** 2, 0, (0.5 ** 2 + 0.6 ** 2 + 0.3 ** 2) / 3, (0.8 ** 2 + 0.5 ** 2) / 2];
  expect(value).toBeCloseTo(rows.reduce((sum, row) => sum + row, 0) / 4, 6);
  replies.forEach((reply, at) => expect(gradients[0]![at] !== 0).toBe(reply !== 0));
});

test('an unknown loss is refused with the list of known ones', () => {
  expect(() => findLoss('l1')).toThrow(/mse, cosine, infonce/);
  expect(losses.map((loss) => loss.id)).toEqual([...lossIds]);
});

test('keys say the version of a loss whose numbers changed, of a wrapped attack too, and nothing of the others', () => {
  expect(lossVersions({ loss: 'softnn' })).toEqual({ softnn: 2 });
  expect(lossVersions({ base: 'direct-extraction/loss=softnn' })).toEqual({ softnn: 2 });
  expect(lossVersions({ base: 'repeat-averaging/base=direct-extraction/loss=softnn/epochs=2' })).toEqual({
    softnn: 2,
  });
  expect(lossVersions({ loss: 'mse' })).toBeUndefined();
  // A file or a longer name that only contains the id is no loss of the registry.
  expect(lossVersions({ backbone: '/models/softnn.onnx', loss: 'full' })).toBeUndefined();
  expect(lossVersions({ base: 'direct-extraction/loss=softnn-of-my-own' })).toBeUndefined();
});
