/**
 * `npm run train:demo`: trains the demo's encoder by SimCLR on drawn images and writes it as ONNX. The same numbers come
 * out on the same kind of machine. The file is committed, so users never need this.
 */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { CheckpointSlot } from '../audits/contract/method.ts';
import { drawDemoImages } from '../audits/datasets/demo-images.ts';
import { knn } from '../audits/metrics/knn.ts';
import { createRng } from '../audits/rng.ts';
import { exportNetwork } from '../audits/surrogates/export-onnx.ts';
import { openSurrogate } from '../audits/surrogates/open.ts';
import { calibrateStatistics, randomNetwork } from '../audits/surrogates/random-network.ts';
import { createEngine } from '../audits/tensor/engine.ts';
import { trainSimclr } from '../audits/training/simclr.ts';

const output = path.join(import.meta.dirname, '..', 'audits', 'encoder', 'demo-encoder.onnx');
const IMAGES = 8192;
/** Seeds below 2^31 are the audit's; the encoder's training images are others than the demo ever shows. */
const SEED = 'demo encoder';
const settings = {
  architecture: 'small-cnn',
  dimension: 64,
  inputSize: 32,
  epochs: Number(process.argv[2] ?? 30),
  batchSize: 128,
  learningRate: 1e-3,
  temperature: 0.2,
};

const noCheckpoint: CheckpointSlot = { load: () => Promise.resolve(undefined), save: () => Promise.resolve() };
const rng = createRng(SEED);
const engine = await createEngine('onnx', { threads: 2 });
const { images } = drawDemoImages({ count: IMAGES, seed: SEED, size: 32 });
const started = performance.now();
let reported = -1;
const { encoder, losses } = await trainSimclr({
  ...settings,
  engine,
  images,
  rng,
  checkpoint: noCheckpoint,
  signal: new AbortController().signal,
  progress(fraction) {
    const percent = Math.floor(fraction * 20) * 5;
    if (percent === reported) return;
    reported = percent;
    console.error(`${percent} %, ${Math.round((performance.now() - started) / 1000)} s`);
  },
});
console.error(`losses ${losses.map((loss) => loss.toFixed(3)).join(' ')}`);
