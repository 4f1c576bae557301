import type { CompiledStep, Engine, HostTensor } from '../contract/engine.ts';
import type { OptimizerId } from '../contract/method.ts';
import type { LossDefinition } from '../losses/loss.ts';
import { createRng } from '../rng.ts';
import { trainingRule } from './training-rule.ts';
import type { TrainingRule } from './training-rule.ts';
import { imagesInput, LABELS_INPUT, lossHead, targetsInput, trainingStep } from './training-step.ts';
import { twoConvolutions } from './two-convolutions.sample.ts';
import type { NamedArrays } from './parameters.ts';

/** One small training as every engine can run it: what parity between engines is measured on. */
const SIZE = 8;
const BATCH = 4;
const DIMENSION = 6;

export interface SmallTraining {
  readonly weights: NamedArrays;
  compile(engine: Engine): Promise<CompiledStep>;
  /** The inputs of a step: random images, random replies, the optimizer's scalars. @param step counted from 0 */
  inputs(step: number): Readonly<Record<string, HostTensor>>;
}

export function smallTraining(loss: LossDefinition, optimizer: OptimizerId, views: number): SmallTraining {
  const { weights: network, statistics } = twoConvolutions.initialize(createRng('parity'), DIMENSION, SIZE);
  const lengths = { dimension: DIMENSION, replyDimension: DIMENSION };
  const weights = { ...network, ...lossHead(loss, createRng('parity').derive('loss-head'), lengths) };
  const rule: TrainingRule = trainingRule(
    loss.defaults,
    { optimizer, schedule: 'constant' },
    { batchSize: BATCH, learningRateFactor: 1 },
  );
  return {
    weights,
    compile: (engine) =>
      engine.compile(
        trainingStep({
          architecture: twoConvolutions,
          weights,
          statistics,
          optimizer: rule.optimizer,
          loss,
          lossOptions: {},
          views,
          batchSize: BATCH,
          inputSize: SIZE,
          dimension: DIMENSION,
        }),
      ),
    inputs(step) {
      const rng = createRng('parity').derive(`step-${step}`);
      const drawn = (shape: readonly number[]): HostTensor => ({
        shape,
        data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => rng.uniform()),
      });
      const inputs: Record<string, HostTensor> = {};
      for (let view = 0; view < views; view++) {
        inputs[imagesInput(view)] = drawn([BATCH, SIZE, SIZE, 3]);
        inputs[targetsInput(view)] = drawn([BATCH, DIMENSION]);
      }
      if (loss.needsLabels === true)
        inputs[LABELS_INPUT] = { shape: [BATCH], data: Float32Array.of(0, 1, 0, 2) };
      const rate = rule.rateAt({ step, stepsPerEpoch: 1, epochs: 1 });
      return { ...inputs, ...rule.optimizer.feeds(step, rate) };
    },
  };
}

export interface Disagreement {
  /** Of the losses, relative to the larger one. */
  readonly loss: number;
  /** Length of the difference of the moves of all weights together, relative to the length of the expected move. */
  readonly update: number;
}

/** Puts `compiled` into `state`, runs one step and tells how far the weights moved. */
export async function moveFrom(
  compiled: CompiledStep,
  state: Readonly<Record<string, HostTensor>>,
  inputs: Readonly<Record<string, HostTensor>>,
  weights: NamedArrays,
): Promise<{ readonly loss: number; readonly move: Float64Array }> {
  await compiled.writeState(state);
  const outputs = await compiled.run(inputs);
  return {
    loss: outputs['loss']?.data[0] ?? Number.NaN,
    move: difference(await compiled.readState(), state, weights),
  };
}

/** All entries of `to - from` that are weights, one after the other. */
export function difference(
  to: Readonly<Record<string, HostTensor>>,
  from: Readonly<Record<string, HostTensor>>,
  weights: NamedArrays,
): Float64Array {
  return Float64Array.from(
    Object.keys(weights).flatMap((name) =>
      Array.from(to[name]?.data ?? [], (value, at) => value - (from[name]?.data[at] ?? Number.NaN)),
    ),
  );
}

/** Euclidean length, of more entries than a call takes arguments. */
export function lengthOf(values: Float64Array): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
}

export function disagreement(
  actual: { readonly loss: number; readonly move: Float64Array },
  expected: { readonly loss: number; readonly move: Float64Array },
): Disagreement {
  const size = lengthOf;
  const apart = actual.move.map((value, at) => value - (expected.move[at] ?? Number.NaN));
  return {
    loss: Math.abs(actual.loss - expected.loss) / Math.max(Math.abs(actual.loss), Math.abs(expected.loss)),
    update: size(apart) / size(expected.move),
  };
}
