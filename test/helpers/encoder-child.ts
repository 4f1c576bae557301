/**
 * A training of an encoder in a process of its own: `encoder-child.ts CHECKPOINT RESULT METHOD [STOP_AT]`. At step STOP_AT it says so
 * and then stands still until it is killed; otherwise it writes the encoder to RESULT. Its clock jumps so far with every step that
 * each of them ends with a checkpoint.
 */
import { writeFileSync } from 'node:fs';
import process from 'node:process';
import { hashedImages } from '../../audits/datasets/image-hash.ts';
import { createRng } from '../../audits/rng.ts';
import { fileCheckpointSlot } from '../../audits/run/tensor-file.ts';
import { encodeSurrogate } from '../../audits/surrogates/serialize.ts';
import { smallCnn } from '../../audits/surrogates/small-cnn.ts';
import { createEngine } from '../../audits/tensor/engine.ts';
import { findTrainingMethod } from '../../audits/training/registry.ts';
import { trainEncoder } from '../../audits/training/train-encoder.ts';

const [checkpoint = '', result = '', method = '', stopAt] = process.argv.slice(2);

const SIZE = 8;
const IMAGES = 34;
const BATCH = 8;
const EPOCHS = 5;
/** Longer than between two checkpoints. */
const STEP_MS = 60_000;

const rng = createRng('encoder-child');
const pixels = Uint8Array.from({ length: IMAGES * SIZE * SIZE * 3 }, () => rng.integer(256));
let now = 0;
const clock = { now: () => now, monotonicMs: () => now };

const engine = await createEngine('onnx', { threads: 1 });
const { encoder } = await trainEncoder({
  engine,
  method: findTrainingMethod(method),
  architecture: smallCnn,
  dimension: 4,
  inputSize: SIZE,
  images: hashedImages(pixels, IMAGES, SIZE, SIZE),
  batchSize: BATCH,
  length: { kind: 'epochs', epochs: EPOCHS },
  rng: rng.derive('train'),
  checkpoint: fileCheckpointSlot(checkpoint),
  signal: new AbortController().signal,
  clock,
  onEvent(event) {
    if (event.type === 'begin') process.stdout.write(`begins after step ${event.stepsDone}\n`);
    if (event.type !== 'step') return;
    now += STEP_MS;
    if (event.stepsDone !== Number(stopAt)) return;
    process.send?.('stopped');
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  },
});
writeFileSync(result, encodeSurrogate(encoder));
await engine.dispose();
