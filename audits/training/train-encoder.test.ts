import { afterAll, describe, expect, test, vi } from 'vitest';
import type { Clock } from '../contract/context.ts';
import { MoatError } from '../contract/errors.ts';
import type { Checkpoint, CheckpointSlot } from '../contract/method.ts';
import { hashedImages } from '../datasets/image-hash.ts';
import { createRng } from '../rng.ts';
import { encodeSurrogate } from '../surrogates/serialize.ts';
import { findArchitecture } from '../surrogates/registry.ts';
import { createEngine } from '../tensor/engine.ts';
import { architectureIds, trainingMethodIds } from './choices.ts';
import { architectures } from '../surrogates/registry.ts';
import { findTrainingMethod, trainingMethods } from './registry.ts';
import type { EncoderTraining, TrainingEvent } from './encoder-training.ts';
import { trainEncoder } from './train-encoder.ts';

const SIZE = 8;
const IMAGES = 20;
const CLASSES = 2;
const BATCH = 6;
/** 20 images in batches of 6; two are left out of each epoch. */
const STEPS_PER_EPOCH = 3;

const engine = await createEngine('onnx', { threads: 1 });
afterAll(() => engine.dispose());

const rng = createRng('train-encoder');
const labels = Int32Array.from({ length: IMAGES }, (_, at) => at % CLASSES);
/** Noise, brighter in the one or the other color of the image's class. */
const images = hashedImages(
  Uint8Array.from({ length: IMAGES * SIZE * SIZE * 3 }, (_, at) => {
    const label = Math.floor(at / (SIZE * SIZE * 3)) % CLASSES;
    return rng.integer(120) + (label === at % 3 ? 120 : 0);
  }),
  IMAGES,
  SIZE,
  SIZE,
);

/** A slot in memory that keeps every checkpoint it was given. */
function memorySlot(): CheckpointSlot & { readonly saved: Checkpoint[] } {
  const saved: Checkpoint[] = [];
  return { saved, load: async () => saved.at(-1), save: async (checkpoint) => void saved.push(checkpoint) };
}

/** Every reading is so much later than the one before. */
function tickingClock(stepMs: number): Clock {
  let now = 0;
  return { now: () => now, monotonicMs: () => (now += stepMs) };
}

function request(method: string, changes: Partial<EncoderTraining> = {}): EncoderTraining {
  return {
    engine,
    method: findTrainingMethod(method),
    architecture: findArchitecture('small-cnn'),
    dimension: 4,
    inputSize: SIZE,
    images,
    labels,
    classes: CLASSES,
    batchSize: BATCH,
    length: { kind: 'epochs', epochs: 2 },
    rng: createRng('train'),
    checkpoint: memorySlot(),
    signal: new AbortController().signal,
    ...changes,
  };
}

test('the names of the command line are those of the registries', () => {
  expect(trainingMethods.map(({ id }) => id)).toEqual([...trainingMethodIds]);
  expect(architectures.map(({ id }) => id)).toEqual([...architectureIds]);
  expect(() => findTrainingMethod('byol')).toThrow(/simclr, simsiam, vicreg, supervised/);
});

describe.each(trainingMethodIds)('%s', (id) => {
  test('learns, and stopped in the middle of an epoch goes on to bitwise the same weights', async () => {
    const whole = await trainEncoder(request(id, { length: { kind: 'epochs', epochs: 6 } }));
    expect(whole.losses).toHaveLength(6);
    expect(whole.losses.at(-1)).toBeLessThan(whole.losses[0] ?? 0);
    expect(
      Object.keys(whole.encoder.weights).filter((name) => /^(proj|pred|expan|kernel)/.test(name)),
    ).toEqual([]);
    const checkpoint = memorySlot();
    const stop = new AbortController();
    const cut = request(id, {
      length: { kind: 'epochs', epochs: 6 },
      checkpoint,
      signal: stop.signal,
      onEvent: (event) => {
        if (event.type === 'step' && event.stepsDone === STEPS_PER_EPOCH + 1) stop.abort();
      },
    });
    await expect(trainEncoder(cut)).rejects.toThrow('stopped');
    const events: TrainingEvent[] = [];
    const resumed = await trainEncoder({
      ...cut,
      signal: new AbortController().signal,
      onEvent: (event) => events.push(event),
    });
    expect(events[0]).toMatchObject({ type: 'begin', stepsDone: STEPS_PER_EPOCH + 1 });
    expect(resumed.losses).toEqual(whole.losses);
    expect(Buffer.from(encodeSurrogate(resumed.encoder)).equals(encodeSurrogate(whole.encoder))).toBe(true);
  });
});

test('a checkpoint between an epoch’s last step and its end loses neither', async () => {
  const whole = await trainEncoder(request('simclr'));
  // A clock makes checkpoints by time: here the time jumps with that step.
  let now = 0;
  const clock: Clock = { now: () => now, monotonicMs: () => now };
  const checkpoint = memorySlot();
  const onEvent = (event: TrainingEvent): void => {
    if (event.type === 'step' && event.stepsDone === STEPS_PER_EPOCH) now += 1e6;
  };
  await trainEncoder(request('simclr', { checkpoint, clock, onEvent }));
  const borders = checkpoint.saved.filter(
    ({ progress }) => progress['stepsDone'] === STEPS_PER_EPOCH && (progress['losses'] as []).length === 0,
  );
  expect(borders).toHaveLength(1);
  const slot = memorySlot();
  slot.saved.push(...borders);
  const resumed = await trainEncoder(request('simclr', { checkpoint: slot, clock }));
  expect(resumed.losses).toEqual(whole.losses);
  expect(Buffer.from(encodeSurrogate(resumed.encoder)).equals(encodeSurrogate(whole.encoder))).toBe(true);
});

/** A training by SimCLR and the loss of each of its steps. */
async function lossesOf(changes: Partial<EncoderTraining>) {
  const steps: number[] = [];
  const trained = await trainEncoder(
    request('simclr', {
      ...changes,
      onEvent: (event) => {
        if (event.type === 'step') steps.push(event.loss);
      },
    }),
  );
  return { trained, steps };
}

describe('a training by time', () => {
  test('plans its steps by measuring some, without having learned from them', async () => {
    // Readings 10 ms apart, some ten per step.
    const length = { kind: 'time', milliseconds: 1000 } as const;
    const timed = await lossesOf({ length, clock: tickingClock(10) });
    expect(timed.trained.totalSteps).toBeGreaterThan(1);
    expect(timed.steps.length).toBe(timed.trained.stepsDone);
    const byEpochs = await lossesOf({});
    expect(byEpochs.steps).toHaveLength(2 * STEPS_PER_EPOCH);
    expect(timed.steps[0]).toBe(byEpochs.steps[0]);
  });

  test('ends when the time is over, planned steps or not', async () => {
    const checkpoint = memorySlot();
    const clock = tickingClock(1);
    const started = { length: { kind: 'time', milliseconds: 400 }, checkpoint, clock } as const;
    // It is planned on a fast clock and trains on a slow one.
    let slow = false;
    const slowing: Clock = {
      now: () => 0,
      monotonicMs: () => {
        let now = clock.monotonicMs();
        const readings = slow ? 30 : 0;
        for (let more = 0; more < readings; more++) now = clock.monotonicMs();
        return now;
      },
    };
    const cut = await trainEncoder(
      request('simclr', {
        ...started,
        clock: slowing,
        onEvent: (event) => {
          if (event.type === 'begin') slow = true;
        },
      }),
    );
    expect(cut.stepsDone).toBeGreaterThan(0);
    expect(cut.stepsDone).toBeLessThan(cut.totalSteps);
    // The whole state is there for whoever asks again: nothing is trained twice.
    const again = await trainEncoder(request('simclr', { ...started, clock: slowing }));
    expect(again.stepsDone).toBe(cut.stepsDone);
    expect(again.encoder).toEqual(cut.encoder);
  });
});

test('a time too short for a step is no training, and leaves nothing to go on with', async () => {
  const checkpoint = memorySlot();
  const length = { kind: 'time', milliseconds: 10 } as const;
  await expect(
    trainEncoder(request('simclr', { length, checkpoint, clock: tickingClock(100) })),
  ).rejects.toThrow(/time was over before a step was trained/);
  expect(checkpoint.saved).toEqual([]);
});

test('whoever looks sees the encoder after every epoch and at the end as it comes back', async () => {
  const seen: number[] = [];
  const look = vi.fn(async (encoder: Parameters<NonNullable<EncoderTraining['look']>>[0]) => {
    const { data } = await encoder.embed(images);
    seen.push(data[0] ?? 0);
    return { neighborAccuracy: 0.25 * seen.length, spread: 0.5 };
  });
  const accuracies: (number | null)[] = [];
  const trained = await trainEncoder(
    request('simclr', {
      look,
      onEvent: (event) => {
        if (event.type === 'epoch') accuracies.push(event.look?.neighborAccuracy ?? null);
      },
    }),
  );
  expect(accuracies).toEqual([0.25, 0.5]);
  expect(trained.look).toEqual({ neighborAccuracy: 0.5, spread: 0.5 });
  expect(new Set(seen).size).toBe(2);
  const blind = await trainEncoder(request('simclr'));
  expect(encodeSurrogate(blind.encoder)).toEqual(encodeSurrogate(trained.encoder));
});

test('one image is too few, and a loss that is not finite ends the training', async () => {
  const one = { ...images, data: images.data.subarray(0, SIZE * SIZE * 3), count: 1 };
  await expect(trainEncoder(request('simclr', { images: one }))).rejects.toMatchObject({
    code: 'dataset-too-small',
  });
  const diverging = request('vicreg', { rule: { learningRate: 1e30, optimizer: 'sgd-momentum' } });
  await expect(trainEncoder(diverging)).rejects.toSatisfy(
    (error) => error instanceof MoatError && error.code === 'training-diverged',
  );
});
