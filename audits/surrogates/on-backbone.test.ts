import { afterAll, describe, expect, test } from 'vitest';
import { openAugmentation } from '../augment/registry.ts';
import type { Images, Matrix } from '../contract/data.ts';
import { matrix } from '../contract/data.ts';
import type { Checkpoint, CheckpointSlot, FeatureEncoder } from '../contract/method.ts';
import { findLoss } from '../losses/registry.ts';
import { createRng } from '../rng.ts';
import { createEngine } from '../tensor/engine.ts';
import { applyStandardizer, fitStandardizer } from '../tensor/linear-algebra/standardize.ts';
import type { Tensor, Tensor4D } from '../tensor/ops.ts';
import { gradients, linearVictim, quarters } from '../../test/helpers/attack-world.ts';
import { fitSurrogate, type FitRequest } from './fit.ts';
import { architectureOnFeatures, surrogateOnBackbone } from './on-backbone.ts';
import { openSurrogate } from './open.ts';
import { floatsNamed } from './parameters.ts';
import type { BackboneStart } from './training-schema.ts';

const engine = await createEngine('onnx', { threads: 1 });
afterAll(() => engine.dispose());

const DIMENSION = 5;
const images = gradients(256, 'queried');
const unseen = gradients(200, 'unseen');
const starts = ['backbone-frozen', 'backbone-head'] as const;

/** The public encoder, and how many images it was shown. */
function countedBackbone(): { readonly backbone: FeatureEncoder; readonly seen: () => number } {
  let count = 0;
  return {
    seen: () => count,
    backbone: {
      dimension: quarters.dimension,
      embed: (given) => {
        count += given.count;
        return quarters.embed(given);
      },
    },
  };
}

/** Away from zero and small, as embeddings are. */
const linear = async (given: Images): Promise<Matrix> => {
  const { data, rows, columns } = await linearVictim(DIMENSION)(given);
  return matrix(
    data.map((value) => 0.7 + 0.05 * value),
    rows,
    columns,
  );
};

/** Coordinates bent back: far from every linear map of the features. */
const bent = async (given: Images): Promise<Matrix> => {
  const { data, rows, columns } = await linearVictim(DIMENSION)(given);
  return matrix(
    data.map((value) => Math.abs(value)),
    rows,
    columns,
  );
};

class MemorySlot implements CheckpointSlot {
  saved: Checkpoint | undefined;
  load = () => Promise.resolve(this.saved);
  save(checkpoint: Checkpoint) {
    this.saved = structuredClone(checkpoint);
    return Promise.resolve();
  }
}

async function request(
  initialization: BackboneStart,
  victim: (given: Images) => Promise<Matrix>,
  { epochs = 3, ...overrides }: Partial<FitRequest> & { readonly epochs?: number } = {},
): Promise<FitRequest> {
  return {
    engine,
    settings: {
      architecture: 'small-cnn',
      inputSize: 4,
      epochs,
      batchSize: 32,
      initialization,
      backbone: quarters,
    },
    dimension: DIMENSION,
    inputs: [images],
    targets: [await victim(images)],
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

async function answers(given: FitRequest): Promise<Matrix> {
  const { surrogate } = await fitSurrogate(given);
  const opened = await openSurrogate(engine, surrogate, quarters);
  const embedded = await opened.embed(unseen);
  await opened.dispose();
  return embedded;
}

/** Share of the wanted values' variance that is not explained. */
function unexplained(got: Matrix, wanted: Matrix): number {
  const { rows, columns } = wanted;
  const mean = new Float64Array(columns);
  wanted.data.forEach((value, at) => (mean[at % columns] = (mean[at % columns] ?? 0) + value / rows));
  let [error, variance] = [0, 0];
  wanted.data.forEach((value, at) => {
    error += (value - (got.data[at] ?? 0)) ** 2;
    variance += (value - (mean[at % columns] ?? 0)) ** 2;
  });
  return error / variance;
}

function meanCosine(got: Matrix, wanted: Matrix): number {
  const { rows, columns } = wanted;
  let total = 0;
  for (let row = 0; row < rows; row++) {
    const a = got.data.subarray(row * columns, (row + 1) * columns);
    const b = wanted.data.subarray(row * columns, (row + 1) * columns);
    total +=
      a.reduce((sum, value, at) => sum + value * (b[at] ?? 0), 0) / Math.hypot(...a) / Math.hypot(...b);
  }
  return total / rows;
}

describe('a linear map on a frozen backbone', () => {
  test('recovers a victim that is one, in its own scale', async () => {
    const got = await answers(await request('backbone-frozen', linear, { epochs: 60 }));
    expect(unexplained(got, await linear(unseen))).toBeLessThan(0.001);
  });

  test('recovers its directions where the loss looks at directions alone', async () => {
    const victim = linearVictim(DIMENSION);
    const loss = findLoss('cosine');
    const got = await answers(await request('backbone-frozen', victim, { epochs: 60, loss }));
    expect(meanCosine(got, await victim(unseen))).toBeGreaterThan(0.995);
  });

  test('cannot follow a bent victim, which a head does', async () => {
    const wanted = await bent(unseen);
    const flat = await answers(await request('backbone-frozen', bent, { epochs: 40 }));
    const deep = await answers(await request('backbone-head', bent, { epochs: 40 }));
    expect(unexplained(flat, wanted)).toBeGreaterThan(0.7);
    expect(unexplained(deep, wanted)).toBeLessThan(0.5 * unexplained(flat, wanted));
  });
});

describe('what is trained on a backbone', () => {
  test.each(starts)('%s: the backbone sees every image once, whatever the epochs', async (start) => {
    const { backbone, seen } = countedBackbone();
    const whole = await request(start, linear, { epochs: 4 });
    const { surrogate } = await fitSurrogate({ ...whole, settings: { ...whole.settings, backbone } });
    expect(seen()).toBe(images.count);
    const maps = start === 'backbone-head' ? surrogate : { features: surrogate };
    expect(maps).toMatchObject({ features: { kind: 'linear-on-features', features: { kind: 'backbone' } } });
  });

  test('copies that a loss compares with the image are drawn and seen once', async () => {
    const { backbone, seen } = countedBackbone();
    const targets = await linear(images);
    const whole = await request('backbone-frozen', linear, {
      epochs: 4,
      inputs: [images, images, images],
      targets: [targets, targets, targets],
      loss: { ...findLoss('mse'), views: [3] },
      augmentation: ['none', 'simclr', 'none'].map((id) => openAugmentation(id)),
    });
    await fitSurrogate({ ...whole, settings: { ...whole.settings, backbone } });
    expect(seen()).toBe(2 * images.count);
  });

  test.each(starts)('%s: the same stream ends at the same bits, another one elsewhere', async (start) => {
    const first = await fitSurrogate(await request(start, linear));
    const again = await fitSurrogate(await request(start, linear));
    const other = await fitSurrogate(await request(start, linear, { rng: createRng('another') }));
    expect(again).toEqual(first);
    expect(other.surrogate).not.toEqual(first.surrogate);
  });

  test.each(starts)('%s: stopped and resumed it ends at the same bits', async (start) => {
    const whole = await fitSurrogate(await request(start, linear));
    const checkpoint = new MemorySlot();
    const abort = new AbortController();
    const cut = await request(start, linear, {
      checkpoint,
      signal: abort.signal,
      progress: (fraction) => {
        if (fraction > 0.4) abort.abort();
      },
    });
    await expect(fitSurrogate(cut)).rejects.toMatchObject({ code: 'cancelled' });
    expect(checkpoint.saved).toBeDefined();
    expect(await fitSurrogate(await request(start, linear, { checkpoint }))).toEqual(whole);
  });

  test('without a backbone there is nothing to stand on', async () => {
    const { settings, ...rest } = await request('backbone-frozen', linear);
    const { backbone: _, ...without } = settings;
    await expect(fitSurrogate({ ...rest, settings: without })).rejects.toThrow(/given no public encoder/);
  });
});

test.each(starts)(
  '%s: as maps of raw features it answers what the trained network answers on standardised ones',
  async (start) => {
    const architecture = architectureOnFeatures(start, quarters.dimension);
    const rng = createRng('arrays');
    const { weights, statistics } = architecture.initialize(rng.derive('weights'), DIMENSION, 1);
    // Statistics and offsets as after a training: those of a fresh network would hide a swap.
    const trained = Object.fromEntries(
      Object.entries({ ...weights, ...statistics }).map(([name, { shape, data }]) => [
        name,
        { shape, data: data.map((value) => value + 0.5 * rng.uniform()) },
      ]),
    );
    const features = await quarters.embed(unseen);
    const standardizer = await fitStandardizer(features);
    const step = await engine.compile<Tensor>({
      name: 'forward',
      state: trained,
      inputs: { images: { shape: [unseen.count, 1, 1, quarters.dimension], dtype: 'float32' } },
      step: (state, { images: given }) => ({
        state: {},
        outputs: { embedding: architecture.forward(state, given as Tensor4D, 'inference').embedding },
      }),
    });
    const { data } = applyStandardizer(standardizer, features);
    const outputs = await step.run({
      images: { shape: [unseen.count, 1, 1, quarters.dimension], data },
    });
    await step.dispose();
    const opened = await openSurrogate(engine, surrogateOnBackbone(trained, standardizer), quarters);
    const got = await opened.embed(unseen);
    await opened.dispose();
    const wanted = floatsNamed(outputs, 'embedding');
    const largest = Math.max(...wanted.map(Math.abs));
    const apart = Math.max(...got.data.map((value, at) => Math.abs(value - (wanted[at] ?? 0))));
    expect(apart).toBeLessThan(1e-5 * largest);
  },
);
