import { afterAll, describe, expect, test } from 'vitest';
import { openAugmentation } from '../augment/registry.ts';
import { matrix, matrixRow, sliceImages } from '../contract/data.ts';
import type { Matrix } from '../contract/data.ts';
import { MoatError } from '../contract/errors.ts';
import type { Checkpoint, CheckpointSlot, TrainingSettings } from '../contract/method.ts';
import { hashedImages } from '../datasets/image-hash.ts';
import type { LossDefinition } from '../losses/loss.ts';
import { findLoss } from '../losses/registry.ts';
import { createRng } from '../rng.ts';
import { createEngine } from '../tensor/engine.ts';
import { tf } from '../tensor/ops.ts';
import { fitSurrogate, lateLossShare } from './fit.ts';
import type { FitRequest } from './fit.ts';
import { asNetwork } from './inference.ts';
import { openSurrogate } from './open.ts';

const SIZE = 8;
const ROWS = 40;
const DIMENSION = 3;

const engine = await createEngine('onnx', { threads: 1 });
afterAll(() => engine.dispose());

/** Flat color images; the victim answers with the three channel means, small and off-center. */
const images = (() => {
  const rng = createRng(11);
  const data = new Uint8Array(ROWS * SIZE * SIZE * 3);
  for (let image = 0; image < ROWS; image++) {
    const color = [rng.integer(256), rng.integer(256), rng.integer(256)];
    for (let at = 0; at < SIZE * SIZE * 3; at++) data[image * SIZE * SIZE * 3 + at] = color[at % 3]!;
  }
  return hashedImages(data, ROWS, SIZE, SIZE);
})();
const replies: Matrix = matrix(
  Float32Array.from(
    { length: ROWS * DIMENSION },
    (_, at) => 0.7 + (0.05 * images.data[Math.floor(at / 3) * SIZE * SIZE * 3 + (at % 3)]!) / 255,
  ),
  ROWS,
  DIMENSION,
);

class MemorySlot implements CheckpointSlot {
  saved: Checkpoint | undefined;
  load = () => Promise.resolve(this.saved);
  save(checkpoint: Checkpoint) {
    this.saved = structuredClone(checkpoint);
    return Promise.resolve();
  }
}

function request(overrides: Partial<FitRequest> = {}): FitRequest {
  return {
    engine,
    settings: { architecture: 'small-cnn', inputSize: SIZE, epochs: 6, batchSize: 16 },
    dimension: DIMENSION,
    inputs: [images],
    targets: [replies],
    loss: findLoss('mse'),
    lossOptions: {},
    rng: createRng('fit'),
    checkpoint: new MemorySlot(),
    signal: new AbortController().signal,
    progress: () => undefined,
    log: () => undefined,
    ...overrides,
  };
}

const settings = (epochs: number, batchSize = 16) => ({
  architecture: 'small-cnn',
  inputSize: SIZE,
  epochs,
  batchSize,
});

describe('fitting a surrogate', () => {
  test('learns to answer in the scale of the victim', async () => {
    const { surrogate, diagnostics } = await fitSurrogate(request({ settings: settings(30) }));
    expect(diagnostics.finalLoss).toBeLessThan(diagnostics.firstLoss / 4);
    expect(diagnostics.steps).toBe(60);
    const opened = await openSurrogate(engine, surrogate);
    const answers = await opened.embed(images);
    await opened.dispose();
    // Always answering with the mean errs by the standard deviation: 0.05 / sqrt(12) = 0.0144.
    const error = Math.hypot(...answers.data.map((value, at) => value - replies.data[at]!));
    expect(error / Math.sqrt(answers.data.length)).toBeLessThan(0.0144 / 2);
  });

  test('a training cancelled between epochs resumes to bitwise the same weights', async () => {
    const whole = await fitSurrogate(request());
    const slot = new MemorySlot();
    const abort = new AbortController();
    const cut = fitSurrogate(
      request({
        checkpoint: slot,
        signal: abort.signal,
        progress: (fraction) => {
          if (fraction > 0.55) abort.abort();
        },
      }),
    );
    await expect(cut).rejects.toMatchObject({ code: 'cancelled' });
    expect(slot.saved?.progress['losses']).toHaveLength(3);
    const resumed = await fitSurrogate(request({ checkpoint: slot }));
    expect(resumed.surrogate).toEqual(whole.surrogate);
    expect(resumed.diagnostics).toEqual(whole.diagnostics);
  });

  // Cancelled in the fourth epoch: within the warm-up of the first two, past a milestone of the third.
  test.each<readonly [TrainingSettings]>([
    [{ optimizer: 'adamw', schedule: 'constant', warmUpEpochs: 4.5, clipNorm: 0.5 }],
    [{ optimizer: 'lars', warmUpEpochs: 5 }],
    [{ optimizer: 'sgd-momentum', nesterov: true, schedule: 'step-decay' }],
    [{ schedule: 'late-cosine', weightDecay: 0 }],
  ])(
    'a training cancelled within an epoch resumes to bitwise the same weights under %o',
    async (training) => {
      const common = { settings: { ...settings(6), training } };
      const whole = await fitSurrogate(request(common));
      const checkpoint = new MemorySlot();
      const abort = new AbortController();
      let steps = 0;
      const cut = request({
        ...common,
        checkpoint,
        signal: abort.signal,
        progress: () => {
          steps += 1;
          if (steps === 7) abort.abort();
        },
      });
      await expect(fitSurrogate(cut)).rejects.toMatchObject({ code: 'cancelled' });
      const resumed = await fitSurrogate(request({ ...common, checkpoint }));
      expect(resumed).toEqual(whole);
      // The settings are not just read past: another rule ends elsewhere.
      expect(resumed.surrogate).not.toEqual((await fitSurrogate(request())).surrogate);
    },
  );

  test('each view has its own augmentation, and one reply may serve several views', async () => {
    const views = { inputs: [images, images], targets: [replies, replies] };
    const fit = async (ids: readonly string[]) =>
      (
        await fitSurrogate(
          request({ ...views, settings: settings(1), augmentation: ids.map((id) => openAugmentation(id)) }),
        )
      ).diagnostics.firstLoss;
    const losses = [
      await fit(['none', 'none']),
      await fit(['none', 'simclr']),
      await fit(['simclr', 'simclr']),
      await fit(['simclr', 'stolen-encoder']),
    ];
    expect(new Set(losses).size).toBe(losses.length);
    // Which of two views of the same images is augmented makes no difference, but for rounding.
    expect(await fit(['simclr', 'none'])).toBeCloseTo(losses[1] ?? NaN, 5);
    await expect(fit(['none'])).rejects.toThrow(/1 augmentations for 2 views/);
  });

  test('an epoch trains on its own rows and on no others', async () => {
    const fit = async (wrongRow: number, epochs: number) => {
      const data = replies.data.slice();
      data[wrongRow * DIMENSION] = 100;
      const targets = [matrix(data, ROWS, DIMENSION)];
      // A loss that leaves the targets as they are: what one row holds changes nothing for the others.
      const loss = findLoss('cosine');
      return fitSurrogate(
        request({ loss, targets, settings: settings(epochs, 10), augmentation: 'none', rowsPerEpoch: 20 }),
      );
    };
    // Rows 20 to 39 are the second epoch's.
    expect((await fit(25, 1)).surrogate).toEqual((await fit(35, 1)).surrogate);
    expect((await fit(5, 1)).surrogate).not.toEqual((await fit(25, 1)).surrogate);
    expect((await fit(25, 2)).surrogate).not.toEqual((await fit(35, 2)).surrogate);
    expect((await fit(25, 3)).diagnostics.steps).toBe(6);
    await expect(fitSurrogate(request({ rowsPerEpoch: 15 }))).rejects.toThrow(/15 rows out of 40/);
  });

  test('a finished training is read back from its checkpoint without a step', async () => {
    const slot = new MemorySlot();
    const { surrogate } = await fitSurrogate(request({ checkpoint: slot }));
    let steps = 0;
    const again = await fitSurrogate(
      request({
        checkpoint: slot,
        progress: () => {
          steps += 1;
        },
      }),
    );
    expect(again.surrogate).toEqual(surrogate);
    expect(steps).toBe(0);
  });

  test('fewer rows than a batch make one batch of all of them', async () => {
    const few = request({
      inputs: [sliceImages(images, 0, 5)],
      targets: [matrix(replies.data.slice(0, 15), 5, 3)],
      settings: settings(2),
    });
    expect((await fitSurrogate(few)).diagnostics).toMatchObject({ batchSize: 5, steps: 2 });
  });

  test('a loss trains with its own batch where it may, and never with a larger one than the audit’s', async () => {
    const own = (batchSize: number) => ({ ...settings(1, batchSize), training: { lossBatch: true } });
    const loss = { ...findLoss('mse'), defaults: { ...findLoss('mse').defaults, batchSize: 8 } };
    const steps = async (given: FitRequest['settings']) =>
      (await fitSurrogate(request({ settings: given, loss }))).diagnostics;
    expect(await steps(own(16))).toMatchObject({ batchSize: 8, steps: 5 });
    expect(await steps(own(4))).toMatchObject({ batchSize: 4, steps: 10 });
    expect(await steps(settings(1, 16))).toMatchObject({ batchSize: 16, steps: 2 });
  });

  test('two views train one network on both', async () => {
    const flipped = hashedImages(images.data.toReversed(), ROWS, SIZE, SIZE);
    const pair = request({
      inputs: [images, flipped],
      targets: [replies, replies],
      loss: findLoss('infonce'),
      settings: settings(3, 8),
    });
    const { diagnostics } = await fitSurrogate(pair);
    expect(diagnostics.steps).toBe(15);
    expect(Number.isFinite(diagnostics.finalLoss)).toBe(true);
  });
});

test('a ResNet without a head answers at once in the scale it is trained on', async () => {
  const rows = 6;
  const wide = matrix(
    Float32Array.from({ length: rows * 512 }, (_, at) => ((at * 7) % 11) / 11),
    rows,
    512,
  );
  const { surrogate, diagnostics } = await fitSurrogate(
    request({
      inputs: [sliceImages(images, 0, rows)],
      targets: [wide],
      dimension: 512,
      settings: { architecture: 'resnet18', inputSize: SIZE, epochs: 4, batchSize: rows },
    }),
  );
  expect(diagnostics.finalLoss).toBeLessThan(diagnostics.firstLoss);
  const opened = await openSurrogate(engine, surrogate);
  const { data } = await opened.embed(sliceImages(images, 0, rows));
  await opened.dispose();
  // The last ReLU comes before the pooling: no coordinate is negative, as in the paper's encoders.
  expect(Math.min(...data)).toBeGreaterThanOrEqual(0);
});

describe('what cannot be trained', () => {
  test('replies that are not finite name the step at which the loss broke', async () => {
    const broken = matrix(
      replies.data.map((value, at) => (at === 50 ? Number.NaN : value)),
      ROWS,
      DIMENSION,
    );
    await expect(fitSurrogate(request({ targets: [broken] }))).rejects.toThrow(
      /loss became NaN at step 1 of 12: 1 of the 40 replies is not finite, the first to image 17\./,
    );
  });

  const mse = findLoss('mse');
  const shaped = (compute: LossDefinition['compute']): LossDefinition => ({ ...mse, compute });
  test.each<{
    cause: string;
    loss: LossDefinition;
    learningRate: number;
    step?: number;
    message: RegExp;
  }>([
    {
      cause: 'weights',
      // Finite as it is, but its gradient times the rate is more than float32 holds.
      loss: shaped((surrogate, victim, options) => tf.mul(mse.compute(surrogate, victim, options), 1e5)),
      learningRate: 1e38,
      message:
        /at step 2 of 12: step 1 moved \S+ beyond what float32 holds, by a gradient of up to .* 1\.0e\+38/,
    },
    {
      cause: 'activations',
      loss: mse,
      learningRate: 1e38,
      message: /at step 2 of 12: the activations overflowed with finite weights \(up to .*1\.0e\+38/,
    },
    {
      cause: 'loss',
      // The logarithm of what is never above 0.
      loss: shaped(([surrogate]) => tf.log(tf.neg(tf.mean(tf.square(surrogate!))))),
      learningRate: 1e-3,
      step: 1,
      message: /at step 1 of 12: the loss itself was not finite on finite embeddings \(up to \d/,
    },
    {
      cause: 'gradients',
      // The square root of 0 is 0, and its slope there infinite.
      loss: shaped(([surrogate]) => tf.sqrt(tf.mul(tf.mean(tf.square(surrogate!)), 0))),
      learningRate: 1e-3,
      message:
        /at step 2 of 12: the gradient of \S+ in step 1 was the first not to be finite, behind a loss of 0,/,
    },
  ])('what was first not finite is named with the step: $cause', async (row) => {
    const training = {
      optimizer: 'sgd-momentum',
      schedule: 'constant',
      learningRate: row.learningRate,
    } as const;
    const failing = fitSurrogate(
      request({ loss: row.loss, settings: { ...settings(6), training }, checkpoint: new MemorySlot() }),
    );
    await expect(failing).rejects.toThrow(row.message);
    await expect(failing).rejects.toMatchObject({
      code: 'training-diverged',
      details: { cause: row.cause, step: row.step ?? 2, totalSteps: 12, epoch: 1 },
    });
  });

  test.each(['flip-shift', 'stolen-encoder'] as const)(
    'a cause is also found after a resume, by a replay from the checkpoint: %s',
    async (augmentation) => {
      const slot = new MemorySlot();
      const abort = new AbortController();
      const cut = request({
        augmentation,
        checkpoint: slot,
        signal: abort.signal,
        progress: (fraction) => {
          if (fraction > 0.4) abort.abort();
        },
      });
      await expect(fitSurrogate(cut)).rejects.toMatchObject({ code: 'cancelled' });
      const training = { schedule: 'constant', learningRate: 1e38 } as const;
      const failing = fitSurrogate(
        request({ augmentation, checkpoint: slot, settings: { ...settings(6), training } }),
      );
      await expect(failing).rejects.toMatchObject({
        code: 'training-diverged',
        details: { cause: 'activations', step: 6, epoch: 3 },
      });
    },
  );

  test('a single reply is too few', async () => {
    const one = request({
      inputs: [sliceImages(images, 0, 1)],
      targets: [matrix(matrixRow(replies, 0), 1, DIMENSION)],
    });
    await expect(fitSurrogate(one)).rejects.toBeInstanceOf(MoatError);
  });

  test('begins at the weights a thief already has, all but the head, which maps to another embedding', async () => {
    const still = { ...settings(1), training: { learningRate: 1e-12 } };
    const begun = await fitSurrogate(request({ settings: settings(6), rng: createRng('earlier') }));
    const end = await fitSurrogate(
      request({
        settings: { ...still, begin: asNetwork(begun.surrogate).weights },
        loss: findLoss('cosine'),
      }),
    );
    const fresh = await fitSurrogate(request({ settings: still, loss: findLoss('cosine') }));
    const distance = (name: string, other: typeof end): number =>
      (asNetwork(end.surrogate).weights[name]?.data ?? new Float32Array()).reduce(
        (sum, value, at) => sum + Math.abs(value - (asNetwork(other.surrogate).weights[name]?.data[at] ?? 0)),
        0,
      );
    for (const layer of ['convolution1/kernel', 'convolution4/kernel']) {
      expect(distance(layer, begun)).toBeLessThan(1e-4);
      expect(distance(layer, fresh)).toBeGreaterThan(1);
    }
    expect(distance('head/kernel', fresh)).toBeLessThan(1e-4);
  });
});

test('the late share of the loss: a straight line leaves its tenth to the end, one that settled nothing', () => {
  const straight = Array.from({ length: 20 }, (_, i) => 19 - i);
  expect(lateLossShare(straight)).toBeCloseTo(2 / 19, 12);
  expect(lateLossShare([10, 4, 2, 1, 1, 1, 1, 1, 1, 1])).toBe(0);
  expect(lateLossShare([10, 9, 8, 7, 6, 5, 4, 3, 2, -90])).toBeGreaterThan(0.9);
  expect(lateLossShare([1, 1, 1, 1, 1])).toBe(0);
  expect(lateLossShare([10, 0])).toBe(0);
});
