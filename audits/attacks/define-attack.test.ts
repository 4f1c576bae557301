import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { matrix } from '../contract/data.ts';
import type { Engine } from '../contract/engine.ts';
import type {
  AttackContext,
  AttackDefinition,
  AttackMeta,
  AttackOutcome,
  SurrogateModel,
} from '../contract/method.ts';
import { createRng } from '../rng.ts';
import { defineAttack } from './define-attack.ts';

const meta: AttackMeta = {
  id: 'made-up',
  version: 1,
  title: 'Made up',
  summary: 'For these tests.',
  reference: { authors: 'Nobody', title: 'Nothing', venue: 'Nowhere', year: 2022 },
  knowledge: 'None.',
  requires: [],
  training: 'none',
};

function network(values: readonly number[]): SurrogateModel {
  const data = Float32Array.from(values);
  const weights = { kernel: { shape: [data.length], data } };
  return { kind: 'network', architecture: 'small-cnn', inputSize: 8, dimension: 1, weights };
}

function attackThat(
  run: (context: AttackContext) => Promise<AttackOutcome>,
  more: Partial<AttackMeta> = {},
): AttackDefinition {
  return defineAttack({
    meta: { ...meta, ...more },
    config: z.object({ size: z.number().default(3) }),
    run,
  });
}

const returning = (surrogate: SurrogateModel, diagnostics: Record<string, number> = {}, more = {}) =>
  attackThat(async () => ({ surrogate, diagnostics }), more);

/** Nothing here computes, so there is no engine to call. */
const noEngine: Engine = {
  id: 'reference',
  device: 'cpu',
  stepsPerRun: 1,
  numericsClass: 'none',
  threads: 1,
  compile: () => Promise.reject(new Error('no engine')),
  loadModel: () => Promise.reject(new Error('no engine')),
  matmul: () => Promise.reject(new Error('no engine')),
  matmulFloat64: () => Promise.reject(new Error('no engine')),
  dispose: () => Promise.resolve(),
};

function contextWith(changes: Partial<AttackContext> = {}): AttackContext {
  return {
    rng: createRng(1),
    engine: noEngine,
    signal: new AbortController().signal,
    progress: () => undefined,
    log: () => undefined,
    oracle: {
      dimension: 1,
      accounts: 1,
      remaining: () => 10,
      isOpen: () => true,
      query: async (images) => matrix(new Float32Array(images.count), images.count, 1),
    },
    pool: { data: new Uint8Array(0), count: 0, height: 8, width: 8, hashes: [] },
    poolLabels: new Int32Array(0),
    publicEncoder: { dimension: 1, embed: async () => matrix(new Float32Array(0), 0, 1) },
    defense: { chain: [], simulate: (embeddings) => embeddings },
    taskHeads: [],
    surrogate: { architecture: 'small-cnn', inputSize: 8, epochs: 1, batchSize: 8 },
    checkpoint: { load: async () => undefined, save: async () => undefined },
    ...changes,
  };
}

describe('what an attack brings home', () => {
  test('a sound surrogate passes', async () => {
    const outcome = await returning(network([1, 2]), { loss: 0.5 }).run(contextWith(), {});
    expect(outcome.diagnostics).toEqual({ loss: 0.5 });
  });

  test.each([
    ['weights that are not finite', returning(network([1, Number.NaN])), 'training-diverged'],
    ['a figure that is not finite', returning(network([1]), { loss: Infinity }), 'training-diverged'],
    ['no weights at all', returning({ ...network([]), weights: {} } as SurrogateModel), 'internal'],
    ['the public encoder as its own', returning({ kind: 'backbone' }), 'internal'],
  ])('%s is refused', async (_what, attack, code) => {
    await expect(attack.run(contextWith(), {})).rejects.toMatchObject({ code });
  });

  test('only a control may answer with the public encoder', async () => {
    const outcome = await returning({ kind: 'backbone' }, {}, { control: true }).run(contextWith(), {});
    expect(outcome.surrogate.kind).toBe('backbone');
  });

  test('a surrogate that goes on from an earlier run is refused', async () => {
    const attack = returning(network([1, 2]));
    await attack.run(contextWith(), {});
    await expect(attack.run(contextWith(), {})).rejects.toThrow(/surrogate of an earlier run/);
  });

  test('features below a linear surrogate are checked too', async () => {
    const attack = returning({
      kind: 'linear-on-features',
      features: network([Number.NaN]),
      weights: matrix(Float32Array.of(1), 1, 1),
      bias: Float32Array.of(0),
    });
    await expect(attack.run(contextWith(), {})).rejects.toMatchObject({ code: 'training-diverged' });
  });
});

describe('around a run', () => {
  test('the config is completed by the schema, and an unknown setting is named', async () => {
    let size: unknown;
    const attack = defineAttack({
      meta,
      config: z.object({ size: z.number().default(3) }),
      run: async (_context, config) => {
        size = config.size;
        return { surrogate: network([1]), diagnostics: {} };
      },
    });
    await attack.run(contextWith(), {});
    expect(size).toBe(3);
    await expect(attack.run(contextWith(), { speed: 1 })).rejects.toThrow(/no setting "speed"; it has size/);
  });

  test.each([
    ['backbone', 'not-applicable'],
    ['base-attack', 'internal'],
  ] as const)('a missing %s is found before anything runs', async (requirement, code) => {
    let ran = false;
    const attack = attackThat(
      async () => {
        ran = true;
        return { surrogate: network([1]), diagnostics: {} };
      },
      { requires: [requirement] },
    );
    await expect(attack.run(contextWith(), {})).rejects.toMatchObject({ code });
    expect(ran).toBe(false);
  });

  test('any error comes out with a code, and its cause', async () => {
    const cause = new TypeError('undefined is not a function');
    const attack = attackThat(() => Promise.reject(cause));
    await expect(attack.run(contextWith(), {})).rejects.toMatchObject({ code: 'internal', cause });
  });

  test('an abort by the signal is a cancellation; the next query refuses', async () => {
    const control = new AbortController();
    const attack = attackThat(async ({ oracle, pool }) => {
      control.abort();
      await oracle.query(pool);
      return { surrogate: network([1]), diagnostics: {} };
    });
    await expect(attack.run(contextWith({ signal: control.signal }), {})).rejects.toMatchObject({
      code: 'cancelled',
    });
    const aborting = attackThat(() => Promise.reject(new DOMException('stop', 'AbortError')));
    await expect(aborting.run(contextWith({ signal: control.signal }), {})).rejects.toMatchObject({
      code: 'cancelled',
    });
    await expect(aborting.run(contextWith(), {})).rejects.toMatchObject({ code: 'internal' });
  });

  test('progress is thinned out, never goes back and always tells the end', async () => {
    const told: [number, string][] = [];
    const attack = attackThat(async (context) => {
      for (let step = 0; step <= 10_000; step++) context.progress(step / 10_000, step < 5000 ? 'one' : 'two');
      context.progress(0.2, 'two');
      return { surrogate: network([1]), diagnostics: {} };
    });
    await attack.run(contextWith({ progress: (fraction, stage) => told.push([fraction, stage]) }), {});
    expect(told.length).toBeLessThan(110);
    const fractions = told.map(([fraction]) => fraction);
    expect(fractions).toEqual(fractions.toSorted((a, b) => a - b));
    expect(told.at(-1)).toEqual([1, 'two']);
    expect(told).toContainEqual([0.5, 'two']);
  });
});
