import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { optimizerIds } from '../contract/method.ts';
import type { HostTensor } from '../contract/engine.ts';
import { createEngine } from '../tensor/engine.ts';
import type { Tensor } from '../tensor/ops.ts';
import { filterNames } from '../surrogates/parameters.ts';
import type { NamedArrays } from '../surrogates/parameters.ts';
import { clipByGlobalNorm } from './gradient-clipping.ts';
import { findOptimizer, optimizers } from './registry.ts';

/** Weights after every step as PyTorch (for LARS the formula in NumPy) has them: fixtures/trajectories.py. */
const arrays = z.record(z.string(), z.array(z.number()));
const fixture = z
  .object({
    shapes: z.record(z.string(), z.array(z.number())),
    rates: z.array(z.number()),
    weights: arrays,
    gradients: z.array(arrays),
    runs: z.array(
      z.object({
        optimizer: z.enum(optimizerIds),
        options: z.object({
          weightDecay: z.number(),
          nesterov: z.boolean().default(false),
          clipNorm: z.number().optional(),
        }),
        path: z.array(arrays),
        norms: z.array(z.number()).optional(),
      }),
    ),
  })
  .parse(
    JSON.parse(
      readFileSync(path.join(import.meta.dirname, 'fixtures', 'trajectories.json'), 'utf8'),
    ) as unknown,
  );

const engines = {
  reference: await createEngine('reference', { threads: 1 }),
  onnx: await createEngine('onnx', { threads: 1 }),
};
afterAll(() => Promise.all(Object.values(engines).map((engine) => engine.dispose())));

function hostArrays(values: z.infer<typeof arrays>, prefix = ''): NamedArrays {
  return Object.fromEntries(
    Object.entries(values).map(([name, data]) => [
      `${prefix}${name}`,
      { shape: fixture.shapes[name] ?? [], data: Float32Array.from(data) },
    ]),
  );
}

type Run = (typeof fixture.runs)[number];

/** Follows a run of the fixture on an engine; calls `look` with the state and outputs after every step. */
async function follow(
  engineId: keyof typeof engines,
  { optimizer: id, options }: Run,
  look: (
    step: number,
    state: Readonly<Record<string, HostTensor>>,
    outputs: Readonly<Record<string, HostTensor>>,
  ) => void,
): Promise<void> {
  const optimizer = findOptimizer(id).create(options);
  const weights = hostArrays(fixture.weights);
  const given = hostArrays(fixture.weights, 'gradient/');
  const compiled = await engines[engineId].compile<Tensor>({
    name: id,
    state: { ...weights, ...optimizer.slots(weights) },
    inputs: {
      ...optimizer.inputs,
      ...Object.fromEntries(
        Object.entries(given).map(([name, { shape }]) => [name, { shape, dtype: 'float32' as const }]),
      ),
    },
    step(state, inputs) {
      const gradients = Object.fromEntries(
        Object.keys(weights).map((name) => [name, inputs[`gradient/${name}`]!]),
      );
      const clipped =
        options.clipNorm === undefined ? { gradients } : clipByGlobalNorm(gradients, options.clipNorm);
      const current = filterNames(state, (name) => name in weights);
      const slots = filterNames(state, (name) => !(name in weights));
      return {
        state: optimizer.update(current, clipped.gradients, slots, inputs),
        outputs: 'norm' in clipped ? { norm: clipped.norm } : {},
      };
    },
  });
  for (const [step, gradients] of fixture.gradients.entries()) {
    const outputs = await compiled.run({
      ...hostArrays(gradients, 'gradient/'),
      ...optimizer.feeds(step, fixture.rates[step]!),
    });
    look(step, await compiled.readState(), outputs);
  }
  await compiled.dispose();
}

describe.each(['reference', 'onnx'] as const)('on the %s engine', (engineId) => {
  test.each(fixture.runs.map((run) => [run.optimizer, run.options, run] as const))(
    '%s %o takes the steps of the published rule',
    async (_id, _options, run) => {
      await follow(engineId, run, (step, state, outputs) => {
        for (const [name, expected] of Object.entries(run.path[step]!))
          for (const [at, value] of expected.entries())
            expect(state[name]?.data[at], `step ${step}, ${name}[${at}]`).toBeCloseTo(value, 5);
        const norm = run.norms?.[step];
        if (norm !== undefined) expect(outputs['norm']?.data[0]).toBeCloseTo(norm, 4);
      });
    },
  );
});

test('every rule of the registry is followed by a run, clipped and unclipped runs among them', () => {
  expect(optimizers.map(({ id }) => id)).toEqual([...optimizerIds]);
  expect(new Set(fixture.runs.map(({ optimizer }) => optimizer))).toEqual(new Set(optimizerIds));
  expect(fixture.runs.some(({ options }) => options.clipNorm !== undefined)).toBe(true);
});

test.each(optimizers.map(({ id }) => [id]))('%s names its slots apart from the weights', (id) => {
  const weights = hostArrays(fixture.weights);
  const slots = findOptimizer(id).create({ weightDecay: 0 }).slots(weights);
  expect(Object.keys(slots).length).toBeGreaterThanOrEqual(Object.keys(weights).length);
  expect(Object.keys(slots).filter((name) => name in weights)).toEqual([]);
});

test('LARS leaves biases and norms out of its layer rates and its decay', async () => {
  const [plain, decayed] = fixture.runs.filter(
    ({ optimizer, options }) => optimizer === 'lars' && !options.nesterov,
  );
  const paths: number[][][] = [];
  for (const run of [plain!, decayed!]) {
    const biases: number[][] = [];
    await follow('reference', run, (_step, { bias }) => biases.push([...bias!.data]));
    paths.push(biases);
  }
  expect(paths[0]).toEqual(paths[1]);
  // Rate 0.1 times the gradient, as plain descent would have it, and not a thousandth of the weight's length.
  const first = fixture.weights['bias']![0]! - 0.1 * fixture.gradients[0]!['bias']![0]!;
  expect(paths[0]![0]![0]).toBeCloseTo(first, 6);
});

test('clipping shortens long gradients together and leaves short ones alone', async () => {
  const vector = (...values: number[]) => ({ shape: [values.length], data: Float32Array.from(values) });
  const given = { a: vector(3), b: vector(0, 4) };
  const clipped = async (maximumNorm: number) => {
    const step = await engines.reference.compile<Tensor>({
      name: 'clip',
      state: given,
      inputs: {},
      step(state) {
        const { gradients, norm } = clipByGlobalNorm(state, maximumNorm);
        return { state: {}, outputs: { ...gradients, norm } };
      },
    });
    const outputs = await step.run({});
    return ['a', 'b', 'norm'].flatMap((name) =>
      Array.from(outputs[name]!.data, (value) => Number(value.toFixed(6))),
    );
  };
  expect(await clipped(1)).toEqual([0.6, 0, 0.8, 5]);
  expect(await clipped(6)).toEqual([3, 0, 4, 5]);
});

test('an unknown optimizer is refused with the list of known ones', () => {
  expect(() => findOptimizer('adagrad')).toThrow(/adam, adamw, sgd-momentum, lars/);
});
