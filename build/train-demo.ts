/**
 * `npm run train:demo`: trains the demo's encoder by SimCLR on drawn images and writes it as ONNX, a few minutes on two
 * cores. The file is committed, so users never need this; the same code on the same kind of
 * machine gives the same file.
 */
import { statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { LabelledImages } from '../audits/contract/data.ts';
import type { CheckpointSlot, FeatureEncoder } from '../audits/contract/method.ts';
import { drawDemoImages } from '../audits/datasets/demo-images.ts';
import { evaluateVictim } from '../audits/metrics/evaluate.ts';
import type { LabelledEmbeddings } from '../audits/metrics/metric.ts';
import { createRng } from '../audits/rng.ts';
import { exportNetwork } from '../audits/surrogates/export-onnx.ts';
import { openSurrogate } from '../audits/surrogates/open.ts';
import { calibrateStatistics, randomNetwork } from '../audits/surrogates/random-network.ts';
import { findArchitecture } from '../audits/surrogates/registry.ts';
import { createEngine } from '../audits/tensor/engine.ts';
import { createSimclr } from '../audits/training/simclr.ts';
import { trainEncoder } from '../audits/training/train-encoder.ts';

const output = path.join(import.meta.dirname, '..', 'audits', 'encoder', 'demo-encoder.onnx');
/** Another seed than the demo's own images have: the encoder is audited on images it has never seen. */
const SEED = 'demo encoder';
const IMAGES = 4096;
const settings = {
  architecture: 'small-cnn',
  dimension: 64,
  inputSize: 32,
  epochs: 30,
  batchSize: 128,
  learningRate: 2e-3,
  temperature: 0.2,
};

const rng = createRng(SEED);
const engine = await createEngine('onnx', { threads: 2 });
const training = drawDemoImages({ count: IMAGES, seed: SEED, size: settings.inputSize });
const noCheckpoint: CheckpointSlot = {
  load: () => Promise.resolve(undefined),
  save: () => Promise.resolve(),
};

async function labelled(
  encoder: FeatureEncoder,
  { images, labels }: LabelledImages,
): Promise<LabelledEmbeddings> {
  return { embeddings: await encoder.embed(images), labels };
}

/** Probe and kNN accuracy on drawn images of two further seeds. */
async function report(title: string, encoder: FeatureEncoder): Promise<void> {
  const fit = await labelled(encoder, drawDemoImages({ count: 2000, seed: 'demo fit' }));
  const score = await labelled(encoder, drawDemoImages({ count: 1000, seed: 'demo score' }));
  const task = { name: 'demo', classes: training.classes.length, fit, score };
  const measured = await evaluateVictim({ engine, rng: createRng(SEED) }, [task]);
  console.log(title, measured.map(({ metric, value }) => `${metric} ${value.toFixed(3)}`).join(', '));
}

const random = randomNetwork(
  settings.architecture,
  rng.derive('random'),
  settings.dimension,
  settings.inputSize,
);
await report(
  'untrained:',
  await openSurrogate(engine, await calibrateStatistics(engine, random, training.images)),
);

let reported = -1;
const { encoder, losses } = await trainEncoder({
  engine,
  method: createSimclr({ temperature: settings.temperature }),
  architecture: findArchitecture(settings.architecture),
  dimension: settings.dimension,
  inputSize: settings.inputSize,
  batchSize: settings.batchSize,
  length: { kind: 'epochs', epochs: settings.epochs },
  rule: { learningRate: settings.learningRate },
  images: training.images,
  rng,
  checkpoint: noCheckpoint,
  signal: new AbortController().signal,
  onEvent(event) {
    if (event.type !== 'step') return;
    const percent = Math.floor((event.stepsDone / event.totalSteps) * 20) * 5;
    if (percent === reported) return;
    reported = percent;
    console.log(`${percent} %`);
  },
});
console.log(`loss ${losses.map((loss) => loss.toFixed(2)).join(' ')}`);
await report('trained:', await openSurrogate(engine, encoder));
writeFileSync(output, await exportNetwork(encoder));
console.log(`${output}: ${statSync(output).size} bytes`);
