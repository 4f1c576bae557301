import { fork } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { StepDefinition } from '../../audits/contract/engine.ts';
import type { OptimizerId, TrainingSettings } from '../../audits/contract/method.ts';
import type { LossDefinition } from '../../audits/losses/loss.ts';
import { findLoss, losses } from '../../audits/losses/registry.ts';
import { optimizers } from '../../audits/optimizers/registry.ts';
import { difference, disagreement, smallTraining } from '../../audits/surrogates/parity.sample.ts';
import { filled } from '../../audits/surrogates/parameters.ts';
import { trainingRule } from '../../audits/surrogates/training-rule.ts';
import { createEngine } from '../../audits/tensor/engine.ts';
import { tf, valueAndGradients } from '../../audits/tensor/ops.ts';
import type { Tensor, Tensor2D } from '../../audits/tensor/ops.ts';

/** What a training must stand: kill -9 in the middle of an epoch, ten thousand steps, another engine. */

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'moat-training-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface ChildRun {
  readonly engine: string;
  readonly training: TrainingSettings;
  readonly checkpoint: string;
  readonly result: string;
  /** Killed with -9 while it stands in this step. */
  readonly killAt?: number;
}

/** @returns what it wrote to stdout. */
function trainInChild({ engine, training, checkpoint, result, killAt }: ChildRun): Promise<string> {
  const child = fork(
    path.join(import.meta.dirname, '..', 'helpers', 'train-child.ts'),
    [checkpoint, result, engine, JSON.stringify(training), ...(killAt === undefined ? [] : [String(killAt)])],
    { stdio: ['ignore', 'pipe', 'inherit', 'ipc'], execArgv: ['--disable-warning=ExperimentalWarning'] },
  );
  let stdout = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.once('message', () => child.kill('SIGKILL'));
  return new Promise((resolve, reject) => {
    child.once('close', (code, signal) => {
      if (killAt === undefined ? code === 0 : signal === 'SIGKILL') resolve(stdout);
      else reject(new Error(`the training ended with ${code ?? signal}:\n${stdout}`));
    });
  });
}

// Five epochs of four steps; the steps at which it is killed lie inside the first, the third and the last epoch.
describe.each<readonly [engine: string, name: string, training: TrainingSettings]>([
  ['onnx', 'the loss’s own rule', {}],
  ['onnx', 'warm-up, clipping', { optimizer: 'lars', warmUpEpochs: 2.75, clipNorm: 1 }],
  ['onnx', 'step decay', { optimizer: 'sgd-momentum', nesterov: true, schedule: 'step-decay' }],
])('a training on the %s engine with %s', (engine, name, training) => {
  test('killed with -9 in the middle of epochs, then started again, ends at bitwise the same weights', async () => {
    const file = (ending: string): string => path.join(folder, `${engine}-${name}.${ending}`);
    const whole = { engine, training, checkpoint: file('whole'), result: file('whole-result') };
    await trainInChild(whole);
    const cut = { ...whole, checkpoint: file('cut'), result: file('cut-result') };
    await trainInChild({ ...cut, killAt: 2 });
    expect(existsSync(cut.checkpoint)).toBe(false);
    await trainInChild({ ...cut, killAt: 11 });
    expect(await trainInChild({ ...cut, killAt: 18 })).toMatch(/resumes after epoch 2 of 5/);
    expect(await trainInChild(cut)).toMatch(/resumes after epoch 4 of 5/);
    expect(readFileSync(cut.result).equals(readFileSync(whole.result))).toBe(true);
  });
});

describe('ten thousand steps', () => {
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc') as () => void;
  const STEPS = 10_000;
  const training = smallTraining(findLoss('mse'), 'adam', 1);
  const inputs = Array.from({ length: 8 }, (_, step) => training.inputs(step));

  test('leave the resident memory of the onnx engine where it was', async () => {
    const engine = await createEngine('onnx', { threads: 1 });
    const compiled = await training.compile(engine);
    const residentMegabytes: number[] = [];
    for (let step = 0; step < STEPS; step++) {
      await compiled.run(inputs[step % inputs.length]!);
      if (step % 250 !== 249) continue;
      collectGarbage();
      residentMegabytes.push(process.memoryUsage.rss() / 2 ** 20);
    }
    await compiled.dispose();
    await engine.dispose();
    const median = (values: readonly number[]): number =>
      values.toSorted((a, b) => a - b)[values.length >> 1]!;
    const growth = median(residentMegabytes.slice(-10)) - median(residentMegabytes.slice(10, 20));
    // Half of the steps lie between the two: keeping 3 kB of each would already be seen; the state alone is 14 kB.
    expect(growth).toBeLessThan(16);
  });

  test('leave no tensor behind on the reference engine', async () => {
    const engine = await createEngine('reference', { threads: 1 });
    // One matrix product as network: what a step leaves behind does not depend on what it computes.
    const compiled = await engine.compile(linearStep());
    const before = tf.memory().numTensors;
    for (let step = 0; step < STEPS; step++) {
      await compiled.run({});
      if (step % 1000 === 999) expect(tf.memory().numTensors).toBe(before);
    }
    await compiled.dispose();
    const convolutional = await training.compile(engine);
    for (const given of inputs) await convolutional.run(given);
    expect(tf.memory().numTensors).toBe(before);
  });
});

function linearStep(): StepDefinition<Tensor> {
  const { optimizer } = trainingRule(findLoss('mse').defaults, {}, { batchSize: 4, learningRateFactor: 1 });
  const weights = { kernel: filled([3, 2], 0.5) };
  return {
    name: 'linear',
    state: { ...weights, ...optimizer.slots(weights) },
    inputs: {},
    step({ kernel, ...slots }) {
      const { value, gradients } = valueAndGradients(
        (parameters) => tf.mean(tf.square(tf.matMul(tf.ones([4, 3]), parameters['kernel'] as Tensor2D))),
        { kernel: kernel! },
      );
      const scalars = Object.fromEntries(
        Object.keys(optimizer.inputs).map((name) => [name, tf.scalar(0.01)]),
      );
      return { state: optimizer.update({ kernel: kernel! }, gradients, slots, scalars), outputs: { value } };
    },
  };
}

/** Relative; after fifty steps differences of single steps have been carried on by the momenta. */
const DRIFT_TOLERANCE = 1e-3;

type Pair = readonly [loss: string, optimizer: OptimizerId, definition: LossDefinition];
const pairs: readonly Pair[] = [
  ...losses.map((loss: LossDefinition): Pair => [loss.id, loss.defaults.optimizer, loss]),
  ...optimizers
    .filter(({ id }) => id !== findLoss('mse').defaults.optimizer)
    .map(({ id }): Pair => ['mse', id, findLoss('mse')]),
];

/**
 * With a head that normalizes a batch of four, rounding doubles with every step: 4e-5 after five steps, 0.02 after ten, and
 * after twenty two engines are on paths of their own (docs/engines.md).
 */
const stepsOf = ({ head }: LossDefinition): number => (head === undefined ? 50 : 5);

describe('after fifty steps on their own (five with a normalizing head) the engines still agree', () => {
  test.each(pairs)('%s, %s', async (id, optimizer, loss) => {
    const training = smallTraining(loss, optimizer, loss.views[0] ?? 1);
    const engines = [
      await createEngine('onnx', { threads: 1 }),
      await createEngine('reference', { threads: 1 }),
    ];
    const ends = [];
    for (const engine of engines) {
      const compiled = await training.compile(engine);
      const start = await compiled.readState();
      let last = Number.NaN;
      for (let step = 0; step < stepsOf(loss); step++)
        last = (await compiled.run(training.inputs(step)))['loss']!.data[0]!;
      ends.push({ loss: last, move: difference(await compiled.readState(), start, training.weights) });
      await compiled.dispose();
      await engine.dispose();
    }
    const drift = disagreement(ends[0]!, ends[1]!);
    // For docs/engines.md, "Parity".
    console.log(
      `${id} ${optimizer}: loss ${drift.loss.toExponential(1)}, weights ${drift.update.toExponential(1)}`,
    );
    expect(drift.loss).toBeLessThan(DRIFT_TOLERANCE);
    expect(drift.update).toBeLessThan(DRIFT_TOLERANCE);
  });
});
