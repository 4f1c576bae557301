import { describe, expect, test } from 'vitest';
import type { HostTensor } from '../contract/engine.ts';
import type { OptimizerId } from '../contract/method.ts';
import { crossEntropy } from '../losses/cross-entropy.ts';
import { losses } from '../losses/registry.ts';
import type { LossDefinition } from '../losses/loss.ts';
import { optimizers } from '../optimizers/registry.ts';
import { createEngine } from '../tensor/engine.ts';
import { isTensorflowInstalled } from '../tensor/tensorflow/installed.sample.ts';
import { disagreement, lengthOf, moveFrom, smallTraining } from './parity.sample.ts';

/** Relative; float32 keeps seven digits, and a step of two convolutions costs two or three of them at worst. */
const TOLERANCE = 1e-4;

/** A head's batch norms over the four rows of this batch divide by small deviations: 2.5e-4 was the worst seen. */
const HEAD_TOLERANCE = 1e-3;

/**
 * Some of a head's gradients vanish but for rounding, and Adam's first step is the sign of each gradient: second moments as
 * in the middle of a training keep such a gradient as small as it is.
 */
function warm(state: Readonly<Record<string, HostTensor>>): Readonly<Record<string, HostTensor>> {
  return Object.fromEntries(
    Object.entries(state).map(([name, tensor]) => [
      name,
      /^adamw?\/second\//.test(name)
        ? { ...tensor, data: Float32Array.from(tensor.data, () => 1e-2) }
        : tensor,
    ]),
  );
}

type Combination = readonly [loss: string, views: number, optimizer: OptimizerId, definition: LossDefinition];
const combinations = [...losses, crossEntropy].flatMap((loss: LossDefinition): Combination[] =>
  loss.views.flatMap((views) => optimizers.map(({ id }): Combination => [loss.id, views, id, loss])),
);

const reference = await createEngine('reference', { threads: 1 });

describe.each([
  { id: 'onnx' as const, isHere: true },
  { id: 'tensorflow' as const, isHere: isTensorflowInstalled() },
])('one step of the $id engine is one of the reference engine', ({ id, isHere }) => {
  test.skipIf(!isHere).each(combinations)('%s, %d view(s), %s', async (_id, views, optimizer, loss) => {
    const engine = await createEngine(id, { threads: 1 });
    const training = smallTraining(loss, optimizer, views);
    const [expected, actual] = [await training.compile(reference), await training.compile(engine)];
    // The first step of a rule, and a later one, when its slots have something to remember.
    const fresh = await actual.readState();
    for (let step = 0; step < 3; step++) await actual.run(training.inputs(step));
    const states = [fresh, await actual.readState()];
    for (const [step, state] of (loss.head === undefined ? states : states.map(warm)).entries()) {
      const inputs = training.inputs(3 * step);
      const wanted = await moveFrom(expected, state, inputs, training.weights);
      const found = await moveFrom(actual, state, inputs, training.weights);
      expect(lengthOf(wanted.move)).toBeGreaterThan(0);
      const apart = disagreement(found, wanted);
      expect(apart.loss).toBeLessThan(TOLERANCE);
      expect(apart.update).toBeLessThan(loss.head === undefined ? TOLERANCE : HEAD_TOLERANCE);
    }
    await actual.dispose();
    await engine.dispose();
  });
});
