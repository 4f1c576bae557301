/**
 * Rows that do not fit in memory, through everything that reads them: a table on disk, written and then read through a
 * window by nearest neighbors, a linear probe and a ridge regression.
 *
 *     node build/bench/scale.ts ROWS [COLUMNS] [FOLDER] [THREADS] [STAGES]
 *
 * Prints, per stage, wall and processor seconds, the highest anonymous memory (RssAnon of /proc/self/status, every 50 ms;
 * Linux) and what the stage found, which must be right. The folder's table is removed at the end.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { Worker } from 'node:worker_threads';
import { createRng } from '../../audits/rng.ts';
import { bytesOf } from '../../audits/run/files.ts';
import { RowTable } from '../../audits/run/row-reader.ts';
import { RowWriter } from '../../audits/run/row-writer.ts';
import { createEngine } from '../../audits/tensor/engine.ts';
import { topKCosine } from '../../audits/tensor/linear-algebra/cosine-neighbors.ts';
import {
  fitLogisticRegression,
  predictClasses,
} from '../../audits/tensor/linear-algebra/logistic-regression.ts';
import { fitRidge } from '../../audits/tensor/linear-algebra/ridge.ts';

const [rowsText, columnsText = '2048', parent = tmpdir(), threadsText = '2', stagesText = 'knn,probe,ridge'] =
  process.argv.slice(2);
if (rowsText === undefined)
  throw new Error('usage: scale.ts ROWS [COLUMNS] [FOLDER] [THREADS] [knn,probe,ridge]');
const [rows, columns, threads] = [Number(rowsText), Number(columnsText), Number(threadsText)];
const stages = new Set(stagesText.split(','));

const QUERIES = 1000;
const CLASSES = 10;
const TARGETS = 16;
const NEIGHBORS = 10;
const ROWS_PER_CHUNK = 4096;
/** Distance of a class's center from the origin, in standard deviations: far enough to be learned, near enough to err. */
const SEPARATION = 3;
/** Normal draws from which rows cut their noise: a draw per value would take longer than everything measured here. */
const NOISE_VALUES = 1 << 22;
const TARGET_NOISE = 0.1;

const rng = createRng('scale');
const noise = Float32Array.from({ length: NOISE_VALUES }, () => rng.normal());
const centers = Array.from({ length: CLASSES }, () => {
  const center = Float32Array.from({ length: columns }, () => rng.normal());
  const length = Math.hypot(...center);
  return center.map((value) => (SEPARATION * value) / length);
});

/** Rows around the center of their class; targets that are sums of a few of their values, with a little noise. */
function drawRows(count: number): {
  readonly embeddings: Float32Array;
  readonly targets: Float32Array;
  readonly labels: Int32Array;
} {
  const embeddings = new Float32Array(count * columns);
  const targets = new Float32Array(count * TARGETS);
  const labels = Int32Array.from({ length: count }, () => rng.integer(CLASSES));
  for (let row = 0; row < count; row++) {
    const values = embeddings.subarray(row * columns, (row + 1) * columns);
    const from = rng.integer(NOISE_VALUES - columns);
    values.set(noise.subarray(from, from + columns));
    const center = centers[labels[row] ?? 0];
    for (let j = 0; j < columns; j++) values[j] = (values[j] ?? 0) + (center?.[j] ?? 0);
    for (let k = 0; k < TARGETS; k++)
      targets[row * TARGETS + k] =
        (values[k] ?? 0) -
        0.5 * (values[(k + 7) % columns] ?? 0) +
        TARGET_NOISE * (noise[(from + columns + 997 * k) % NOISE_VALUES] ?? 0);
  }
  return { embeddings, targets, labels };
}

const highest = new Int32Array(new SharedArrayBuffer(4));
const sampler = new Worker(new URL('./memory-sampler.ts', import.meta.url), { workerData: highest });
await new Promise((resolve) => sampler.once('online', resolve));

async function stage(name: string, work: () => Promise<string> | string): Promise<void> {
  Atomics.store(highest, 0, 0);
  const [wall, used] = [performance.now(), process.cpuUsage()];
  const found = await work();
  const { user, system } = process.cpuUsage(used);
  const seconds = (performance.now() - wall) / 1000;
  console.log(
    `| ${rows} x ${columns} | ${name} | ${seconds.toFixed(1)} | ${((user + system) / 1e6).toFixed(1)} | ${(Atomics.load(highest, 0) / 1024).toFixed(0)} | ${found} |`,
  );
}

mkdirSync(parent, { recursive: true });
const folder = mkdtempSync(path.join(parent, 'moat-scale-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1));
const engine = await createEngine('onnx', { threads });
console.log(
  `${cpus()[0]?.model ?? 'unknown processor'}, ${availableParallelism()} cores, ${threads} threads\n`,
);
console.log('| rows | stage | wall s | processor s | RssAnon MB | found |\n|---|---|---|---|---|---|');

await stage('cache', () => {
  const writer = new RowWriter(
    folder,
    [
      { name: 'embeddings', dtype: 'float32', shape: [columns] },
      { name: 'targets', dtype: 'float32', shape: [TARGETS] },
      { name: 'labels', dtype: 'int32', shape: [] },
    ],
    ROWS_PER_CHUNK,
  );
  for (let at = 0; at < rows; at += 1024) {
    const count = Math.min(1024, rows - at);
    writer.append(drawRows(count), count);
  }
  const { sha256 } = writer.finish();
  return `${((rows * (columns + TARGETS + 1) * 4) / 1e9).toFixed(2)} GB, sha256 ${sha256.slice(0, 8)}`;
});

const table = new RowTable(folder);
const embeddings = table.floats('embeddings');
const labels = new Int32Array(rows);
table.read('labels', 0, rows, bytesOf(labels));
/** Every so many rows one is a query, and one a test of the probe. */
const sample = Array.from({ length: QUERIES }, (_, i) => Math.floor((i * rows) / QUERIES));
const sampled = embeddings.select(sample);
const accuracy = (predicted: ArrayLike<number>): string =>
  `accuracy ${(sample.filter((row, i) => labels[row] === predicted[i]).length / QUERIES).toFixed(3)}`;

if (stages.has('knn'))
  await stage('kNN, 1 000 queries', async () => {
    const { indices, k } = await topKCosine(engine, sampled, embeddings, NEIGHBORS + 1);
    // The nearest of all is the query itself, or a copy of it.
    const self = sample.filter((row, i) => indices.subarray(i * k, (i + 1) * k).includes(row)).length;
    const votes = sample.map((row, i) => {
      const counts = Array.from({ length: CLASSES }, () => 0);
      for (const neighbor of indices.subarray(i * k, (i + 1) * k))
        if (neighbor !== row) counts[labels[neighbor] ?? 0] = (counts[labels[neighbor] ?? 0] ?? 0) + 1;
      return counts.indexOf(Math.max(...counts));
    });
    return `${accuracy(votes)}, ${self} found themselves`;
  });

if (stages.has('probe'))
  await stage('probe', async () => {
    const model = await fitLogisticRegression(engine, embeddings, labels, CLASSES, { l2: 1e-4 });
    const predicted = await predictClasses(engine, model, sampled);
    return `${accuracy(predicted)}, loss ${model.loss.toFixed(4)}, ${model.iterations} iterations${model.converged ? '' : ', not converged'}`;
  });

if (stages.has('ridge'))
  await stage('ridge', async () => {
    const { weights, looError } = await fitRidge(engine, embeddings, table.floats('targets'));
    const wrong = Math.max(
      ...Array.from({ length: TARGETS }, (_, k) =>
        Math.max(
          Math.abs((weights.data[k * TARGETS + k] ?? 0) - 1),
          Math.abs((weights.data[((k + 7) % columns) * TARGETS + k] ?? 0) + 0.5),
        ),
      ),
    );
    return `weights off by ${wrong.toExponential(1)} at most, leave-one-out error ${looError.toFixed(5)} (noise ${(TARGET_NOISE ** 2).toFixed(5)})`;
  });

table.close();
await engine.dispose();
await sampler.terminate();
