import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { HostTensor, StepDefinition } from '../contract/engine.ts';
import { createEngine } from '../tensor/engine.ts';
import type { Tensor, Tensor4D, Tensors } from '../tensor/ops.ts';
import { affine, rotation } from './affine.ts';
import type { Interpolation } from './affine.ts';
import { blend, brightness, contrast, grayscale, saturation } from './blend.ts';
import { gaussianBlur } from './gaussian-blur.ts';
import { horizontalFlip } from './horizontal-flip.ts';
import { turnHue } from './hue.ts';
import { fromPlanes, toPlanes } from './planes.ts';
import type { Planes } from './planes.ts';
import { applyOperation } from './rand-augment.ts';
import { drawOperation, operationIds } from './rand-augment-operations.ts';
import type { OperationId } from './rand-augment-operations.ts';
import { resizedCrop } from './resized-crop.ts';

/** Every operation against what torchvision computes for the same parameters: test/fixtures/augmentations/make.py. */
const fixtures = z
  .object({
    size: z.int(),
    small: z.string(),
    largeSize: z.int(),
    large: z.string(),
    cases: z.array(
      z.object({
        operation: z.string(),
        source: z.enum(['small', 'large']),
        parameters: z.array(z.union([z.number(), z.array(z.number())])),
        result: z.string(),
        kernel: z.int().optional(),
        interpolation: z.enum(['nearest', 'bilinear']).optional(),
        id: z.string().optional(),
      }),
    ),
  })
  .parse(
    JSON.parse(
      readFileSync(
        path.join(import.meta.dirname, '..', '..', 'test', 'fixtures', 'augmentations', 'torchvision.json'),
        'utf8',
      ),
    ),
  );
type Case = (typeof fixtures.cases)[number];

const SIZE = fixtures.size;
const real = (bytes: string): Float32Array =>
  Float32Array.from(Buffer.from(bytes, 'base64'), (byte) => byte / 255);
const sources = {
  small: { side: SIZE, data: real(fixtures.small) },
  large: { side: fixtures.largeSize, data: real(fixtures.large) },
} as const;

interface Operation {
  /** What the host draws for a parameter, by the name of the step's input. */
  readonly draw: (parameter: readonly number[], each: Case) => Readonly<Record<string, readonly number[]>>;
  readonly apply: (planes: Planes, draw: (name: string) => Tensor, each: Case) => Planes;
}

const first = (parameter: readonly number[]): number => parameter[0] ?? Number.NaN;
const blended = (weights: (factor: number) => readonly number[]): Operation => ({
  draw: (parameter) => ({ weights: weights(first(parameter)) }),
  apply: (planes, draw) => blend(planes, draw('weights')),
});
const interpolationOf = (each: Case): Interpolation => each.interpolation ?? 'bilinear';

const operations: Readonly<Record<string, Operation>> = {
  brightness: blended(brightness),
  contrast: blended(contrast),
  saturation: blended(saturation),
  grayscale: blended(() => grayscale),
  hue: {
    draw: (turn) => ({ turn }),
    apply: (planes, draw) => turnHue(planes, draw('turn')),
  },
  flip: {
    draw: (flip) => ({ flip }),
    apply: (planes, draw) => horizontalFlip(planes, draw('flip')),
  },
  blur: {
    draw: (sigma) => ({ sigma }),
    apply: (planes, draw, { kernel }) => gaussianBlur(planes, draw('sigma'), kernel ?? 0),
  },
  crop: {
    draw: (box) => ({ box, flip: [0] }),
    apply: (planes, draw) => resizedCrop(planes, draw('box'), SIZE, draw('flip')),
  },
  rotate: {
    draw: (angle) => ({ inverse: rotation(first(angle)) }),
    apply: (planes, draw, each) => affine(planes, draw('inverse'), interpolationOf(each)),
  },
  'rand-augment': {
    draw(level, { id }) {
      const drawn = drawOperation(id as OperationId, first(level) / 30, SIZE);
      return Object.fromEntries(Object.entries(drawn).map(([name, values]) => [name, [values].flat()]));
    },
    apply: (planes, draw, each) => applyOperation(planes, draw, interpolationOf(each)),
  },
};

const engines = [
  await createEngine('onnx', { threads: 1 }),
  await createEngine('reference', { threads: 1 }),
] as const;
afterAll(async () => {
  for (const engine of engines) await engine.dispose();
});

function stacked(rows: readonly Readonly<Record<string, readonly number[]>>[]): Record<string, HostTensor> {
  return Object.fromEntries(
    Object.keys(rows[0] ?? {}).map((name) => {
      const values = rows.map((row) => row[name] ?? []);
      const shape = [rows.length, values[0]?.length ?? 0];
      return [name, { shape, data: Float32Array.from(values.flat()) }];
    }),
  );
}

describe.each(engines)('$id agrees with torchvision', (engine) => {
  test.each(fixtures.cases.map((each, at) => [`${each.operation} ${each.id ?? ''} #${at}`, each] as const))(
    '%s',
    async (_, each) => {
      const operation = operations[each.operation];
      if (operation === undefined) throw new RangeError(each.operation);
      const batch = each.parameters.length;
      const expected = new Float32Array(Uint8Array.from(Buffer.from(each.result, 'base64')).buffer);
      const { side, data } = sources[each.source];
      const draws = stacked(each.parameters.map((parameter) => operation.draw([parameter].flat(), each)));
      const images: HostTensor = { shape: [batch, side, side, 3], data };
      const definition: StepDefinition<Tensor> = {
        name: each.operation,
        state: {},
        inputs: Object.fromEntries(
          Object.entries({ ...draws, images }).map(([name, { shape }]) => [
            name,
            { shape, dtype: 'float32' as const },
          ]),
        ),
        step(__, inputs: Tensors) {
          const planes = toPlanes(inputs['images'] as Tensor4D);
          const changed = operation.apply(planes, (name) => inputs[name] as Tensor, each);
          return { state: {}, outputs: { changed: fromPlanes(changed) } };
        },
      };
      const compiled = await engine.compile(definition);
      const { changed } = await compiled.run({ ...draws, images });
      await compiled.dispose();
      expect(changed?.data).toHaveLength(expected.length);
      let worst = 0;
      changed?.data.forEach((value, at) => {
        const error = Math.abs(value - (expected[at] ?? Number.NaN));
        if (!(error <= worst)) worst = error;
      });
      expect(worst).toBeLessThan(1e-5);
    },
  );
});

test('every operation of RandAugment has its case', () => {
  const tested = new Set(fixtures.cases.flatMap(({ id }) => id ?? []));
  expect([...tested].sort()).toEqual([...operationIds].sort());
});
