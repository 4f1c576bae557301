import { describe, expect, test } from 'vitest';
import type { OptimizerId } from '../contract/method.ts';
import type { LossDefinition } from '../losses/loss.ts';
import { losses } from '../losses/registry.ts';
import { optimizers } from '../optimizers/registry.ts';
import { createEngine } from '../tensor/engine.ts';
import { isTensorflowInstalled } from '../tensor/tensorflow/installed.sample.ts';
import { disagreement, moveFrom, smallTraining } from './parity.sample.ts';

/** As between the onnx and the reference engine. */
const TOLERANCE = 1e-4;

type Combination = readonly [loss: string, views: 1 | 2, optimizer: OptimizerId, definition: LossDefinition];
const combinations = losses.flatMap((loss: LossDefinition): Combination[] =>
  loss.views.flatMap((views) => optimizers.map(({ id }): Combination => [loss.id, views, id, loss])),
);

describe.skipIf(!isTensorflowInstalled())(
  'one step of the tensorflow engine is one of the reference engine',
  () => {
    test.each(combinations)('%s, %d view(s), %s', async (_id, views, optimizer, loss) => {
      const reference = await createEngine('reference', { threads: 1 });
      const tensorflow = await createEngine('tensorflow', { threads: 1 });
      const training = smallTraining(loss, optimizer, views);
      const [expected, actual] = [await training.compile(reference), await training.compile(tensorflow)];
      const fresh = await actual.readState();
      for (let step = 0; step < 3; step++) await actual.run(training.inputs(step));
      for (const [step, state] of [fresh, await actual.readState()].entries()) {
        const inputs = training.inputs(3 * step);
        const wanted = await moveFrom(expected, state, inputs, training.weights);
        const found = await moveFrom(actual, state, inputs, training.weights);
        expect(Math.hypot(...wanted.move)).toBeGreaterThan(0);
        const apart = disagreement(found, wanted);
        expect(apart.loss).toBeLessThan(TOLERANCE);
        expect(apart.update).toBeLessThan(TOLERANCE);
      }
      await actual.dispose();
    });
  },
);
