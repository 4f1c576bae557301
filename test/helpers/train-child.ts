/**
 * A training in a process of its own: `train-child.ts CHECKPOINT RESULT ENGINE TRAINING [STOP_AT]`. TRAINING is
 * `TrainingSettings` as JSON. At step STOP_AT it says so and then stands still, in the middle of the step's own call,
 * until it is killed; otherwise it writes the surrogate to RESULT.
 */
import { writeFileSync } from 'node:fs';
import process from 'node:process';
import { matrix } from '../../audits/contract/data.ts';
import type { EngineId } from '../../audits/contract/engine.ts';
import { hashedImages } from '../../audits/datasets/image-hash.ts';
import { findLoss } from '../../audits/losses/registry.ts';
import { createRng } from '../../audits/rng.ts';
import { fileCheckpointSlot } from '../../audits/run/tensor-file.ts';
import { fitSurrogate } from '../../audits/surrogates/fit.ts';
import { encodeSurrogate } from '../../audits/surrogates/serialize.ts';
import { trainingSettingsSchema } from '../../audits/surrogates/training-schema.ts';
import { createEngine } from '../../audits/tensor/engine.ts';

const [checkpoint = '', result = '', engineId = '', training = '', stopAt] = process.argv.slice(2);

const SIZE = 8;
const ROWS = 32;
const DIMENSION = 4;
const EPOCHS = 5;
const BATCH = 8;
const STEPS = (EPOCHS * ROWS) / BATCH;

const rng = createRng('train-child');
const pixels = Uint8Array.from({ length: ROWS * SIZE * SIZE * 3 }, () => rng.integer(256));
const replies = Float32Array.from({ length: ROWS * DIMENSION }, () => rng.normal());

const engine = await createEngine(engineId as EngineId, { threads: 1 });
const { surrogate } = await fitSurrogate({
  engine,
  settings: {
    architecture: 'small-cnn',
    inputSize: SIZE,
    epochs: EPOCHS,
    batchSize: BATCH,
    training: trainingSettingsSchema.parse(JSON.parse(training)),
  },
  dimension: DIMENSION,
  inputs: [hashedImages(pixels, ROWS, SIZE, SIZE)],
  targets: [matrix(replies, ROWS, DIMENSION)],
  loss: findLoss('mse'),
  lossOptions: {},
  rng: rng.derive('fit'),
  checkpoint: fileCheckpointSlot(checkpoint),
  signal: new AbortController().signal,
  progress(fraction) {
    if (Math.round(fraction * STEPS) !== Number(stopAt)) return;
    process.send?.('stopped');
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  },
  log: (message) => process.stdout.write(`${message}\n`),
});
writeFileSync(result, encodeSurrogate(surrogate));
await engine.dispose();
