import { afterAll, describe, expect, test } from 'vitest';
import type { Checkpoint, CheckpointSlot } from '../contract/method.ts';
import { hashedImages } from '../datasets/image-hash.ts';
import { createRng } from '../rng.ts';
import { openSurrogate } from '../surrogates/open.ts';
import { findArchitecture } from '../surrogates/registry.ts';
import { encodeSurrogate } from '../surrogates/serialize.ts';
import { createEngine } from '../tensor/engine.ts';
import { predictorVariants } from '../watermarks/choices.ts';
import type { RotationKey } from '../watermarks/rotation-key.ts';
import { turnedImages } from '../watermarks/rotation-task.ts';
import { successRate } from '../watermarks/success-rates.ts';
import type { EncoderTraining, TrainedEncoder, TrainingEvent } from './encoder-training.ts';
import { findTrainingMethod } from './registry.ts';
import { trainEncoder } from './train-encoder.ts';

/** Marks trained into a small network: learned, read from that network alone, and the same after a stop. */

const SIZE = 8;
const IMAGES = 32;
const DIMENSION = 8;
const STEPS_PER_EPOCH = 4;

const engine = await createEngine('onnx', { threads: 1 });
afterAll(() => engine.dispose());

const rng = createRng('rotation mark');
/** Brighter above than below, with colors and noise of their own. */
const images = hashedImages(
  Uint8Array.from({ length: IMAGES * SIZE * SIZE * 3 }, (_, at) => {
    const row = Math.floor(at / (3 * SIZE)) % SIZE;
    return 40 + rng.integer(90) + 15 * (SIZE - row);
  }),
  IMAGES,
  SIZE,
  SIZE,
);

function memorySlot(): CheckpointSlot {
  const saved: Checkpoint[] = [];
  return { load: async () => saved.at(-1), save: async (checkpoint) => void saved.push(checkpoint) };
}

function request(changes: Partial<EncoderTraining> = {}): EncoderTraining {
  return {
    engine,
    method: findTrainingMethod('simclr'),
    architecture: findArchitecture('small-cnn'),
    dimension: DIMENSION,
    inputSize: SIZE,
    images,
    batchSize: 8,
    length: { kind: 'epochs', epochs: 12 },
    rng: createRng('train'),
    checkpoint: memorySlot(),
    signal: new AbortController().signal,
    ...changes,
  };
}

/** The rate at which a trained predictor reads an encoder, on all images. */
async function rateOf(
  encoder: TrainedEncoder['encoder'],
  predictor: TrainedEncoder['predictor'],
): Promise<number> {
  const opened = await openSurrogate(engine, encoder);
  const turned = await opened.embed(turnedImages(images, createRng('angles')));
  await opened.dispose();
  const key: RotationKey = {
    predictor: 'trained',
    dimension: DIMENSION,
    encoder: '',
    weights: predictor ?? {},
  };
  return successRate(key, turned);
}

const bytes = (trained: TrainedEncoder): Buffer =>
  Buffer.concat([
    Buffer.from(encodeSurrogate(trained.encoder)),
    ...Object.values(trained.predictor ?? {}).map(({ data }) => Buffer.from(data.buffer)),
  ]);

/** Honest encoders, trained once, when they are first asked for. */
let strangers: Promise<readonly TrainedEncoder['encoder'][]> | undefined;
const trainStrangers = async (): Promise<readonly TrainedEncoder['encoder'][]> => {
  const trained: TrainedEncoder['encoder'][] = [];
  for (const seed of ['a', 'b', 'c']) {
    const changes = { rng: createRng(seed), length: { kind: 'epochs', epochs: 1 } } as const;
    trained.push((await trainEncoder(request(changes))).encoder);
  }
  return trained;
};

describe.each(predictorVariants)('a predictor that is %s', (predictor) => {
  const watermark = { kind: 'rotation', predictor } as const;

  test('reads its own encoder, others at chance, and stopped training goes on to bitwise the same', async () => {
    const whole = await trainEncoder(request({ watermark }));
    expect(await rateOf(whole.encoder, whole.predictor)).toBeGreaterThan(0.85);
    strangers ??= trainStrangers();
    const others = await Promise.all((await strangers).map((other) => rateOf(other, whole.predictor)));
    const mean = others.reduce((sum, rate) => sum + rate, 0) / others.length;
    expect(Math.abs(mean - 0.5)).toBeLessThan(0.2);
    expect(Math.max(...others)).toBeLessThan(0.8);

    const checkpoint = memorySlot();
    const stop = new AbortController();
    const onEvent = (event: TrainingEvent): void => {
      if (event.type === 'step' && event.stepsDone === STEPS_PER_EPOCH + 2) stop.abort();
    };
    await expect(
      trainEncoder(request({ watermark, checkpoint, signal: stop.signal, onEvent })),
    ).rejects.toThrow('stopped');
    const resumed = await trainEncoder(request({ watermark, checkpoint }));
    expect(resumed.losses).toEqual(whole.losses);
    expect(bytes(resumed).equals(bytes(whole))).toBe(true);
  });
});

test('only a trained predictor moves; the first views are those of a training without a mark', async () => {
  const length = { kind: 'epochs', epochs: 1 } as const;
  const losses: number[][] = [];
  const run = async (watermark: EncoderTraining['watermark']): Promise<TrainedEncoder> => {
    const seen: number[] = [];
    losses.push(seen);
    return trainEncoder(
      request({
        watermark,
        length,
        onEvent: (event) => {
          if (event.type === 'step') seen.push(event.loss);
        },
      }),
    );
  };
  const plain = await run(undefined);
  const trained = await run({ kind: 'rotation', predictor: 'trained' });
  const frozen = await run({ kind: 'rotation', predictor: 'frozen' });
  expect(plain.predictor).toBeUndefined();
  const kernel = (of: TrainedEncoder): Float32Array | undefined => of.predictor?.['rotation1/kernel']?.data;
  const moved = (kernel(trained) ?? []).filter((value, at) => value !== kernel(frozen)?.[at]);
  expect(moved.length).toBeGreaterThan(1000);
  expect(losses.map(([first]) => first)).toEqual(losses.map(() => losses[0]?.[0]));
  expect(losses[1]?.[1]).not.toBe(losses[0]?.[1]);
});

test('an update of network and predictor is Adam’s, each counted by its own moves', async () => {
  // A rate so small that gradients stay the same: Adam's every move is then the rate, in the gradient's sign.
  const rule = { learningRate: 1e-5, weightDecay: 0, schedule: 'constant' } as const;
  const length = { kind: 'epochs', epochs: 1 } as const;
  const watermark = { kind: 'rotation', predictor: 'trained' } as const;
  const once = await trainEncoder(request({ watermark, rule, length, batchSize: IMAGES }));
  const drawn = await trainEncoder(
    request({ watermark: { kind: 'rotation', predictor: 'frozen' }, rule, length, batchSize: IMAGES }),
  );
  const [after, before] = [once, drawn].map(({ predictor }) => predictor?.['rotation3/bias']?.data);
  expect(Math.abs((after?.[0] ?? 0) - (before?.[0] ?? 0))).toBeCloseTo(1e-5, 8);
  expect(before).toEqual(new Float32Array(2));
});
