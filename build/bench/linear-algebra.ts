import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { matrix, type Matrix, type RowBlocks } from '../../audits/contract/data.ts';
import type { Engine } from '../../audits/contract/engine.ts';
import { createRng } from '../../audits/rng.ts';
import { createEngine } from '../../audits/tensor/engine.ts';
import { topKCosine } from '../../audits/tensor/linear-algebra/cosine-neighbors.ts';
import { fitLogisticRegression } from '../../audits/tensor/linear-algebra/logistic-regression.ts';
import { fitPrincipalAxes } from '../../audits/tensor/linear-algebra/principal-axes.ts';
import { fitRidge } from '../../audits/tensor/linear-algebra/ridge.ts';
import { defaultBlockRows, mapBlocks, type Rows } from '../../audits/tensor/linear-algebra/row-blocks.ts';
import { applyStandardizer, fitStandardizer } from '../../audits/tensor/linear-algebra/standardize.ts';

/**
 * Bodies of the linear algebra benchmarks: each takes sizes and returns seconds. Run by itself:
 *
 *     node build/bench/linear-algebra.ts data FOLDER            # features.f32 and labels.i32, for other libraries
 *     node build/bench/linear-algebra.ts probe FOLDER THREADS   # the probe on that folder
 *     node build/bench/linear-algebra.ts growth THREADS ROWS... # ridge, probe, neighbors on rows that are never held
 */

type Products = Pick<Engine, 'matmul' | 'matmulFloat64'>;

export interface ProbeSize {
  readonly rows: number;
  readonly columns: number;
  readonly classes: number;
}

export const PROBE_SIZE: ProbeSize = { rows: 50_000, columns: 512, classes: 10 };
const PENALTY = 1e-3;

/**
 * Rows as a pooled network answers them: classes that overlap, variances that fall by a power law, mixed by a random
 * map, rectified and standardised.
 */
export async function embeddingLike(
  engine: Products,
  { rows, columns, classes }: ProbeSize,
): Promise<{ readonly features: Matrix; readonly labels: Int32Array }> {
  const rng = createRng(`embedding-like ${rows} ${columns} ${classes}`);
  const spread = Float32Array.from({ length: columns }, (_, j) => (j + 1) ** -0.7);
  const centres = Float32Array.from({ length: classes * columns }, () => 0.22 * rng.normal());
  const labels = Int32Array.from({ length: rows }, () => rng.integer(classes));
  const latent = Float32Array.from(
    { length: rows * columns },
    (_, at) =>
      (spread[at % columns] ?? 0) *
      (rng.normal() + (centres[(labels[Math.floor(at / columns)] ?? 0) * columns + (at % columns)] ?? 0)),
  );
  const turn = Float32Array.from({ length: columns ** 2 }, () => rng.normal() / Math.sqrt(columns));
  const mixed = await engine.matmul(matrix(latent, rows, columns), matrix(turn, columns, columns));
  const rectified = matrix(
    mixed.data.map((value) => Math.max(0, value + 0.05)),
    rows,
    columns,
  );
  return { features: applyStandardizer(await fitStandardizer(rectified), rectified), labels };
}

/** Seconds of one logistic regression to `tolerance`, and the loss it ended at. */
export async function probe(
  engine: Products,
  size: ProbeSize,
  options: {
    readonly data?: { readonly features: Rows; readonly labels: Int32Array };
    readonly tolerance?: number;
    readonly l2?: number;
  } = {},
): Promise<{ readonly seconds: number; readonly loss: number; readonly iterations: number }> {
  const { features, labels } = options.data ?? (await embeddingLike(engine, size));
  const started = performance.now();
  const { loss, iterations } = await fitLogisticRegression(engine, features, labels, size.classes, {
    l2: options.l2 ?? PENALTY,
    tolerance: options.tolerance ?? 1e-4,
  });
  return { seconds: (performance.now() - started) / 1000, loss, iterations };
}

/** Seconds of a ridge regression, its penalty by leave-one-out, on rows that are made as they are read. */
export async function ridge(
  engine: Products,
  size: { readonly rows: number; readonly columns: number; readonly targets: number },
): Promise<number> {
  const features = syntheticRows(size.rows, size.columns);
  const targets = mapBlocks(features, size.targets, (block) => firstColumns(block, size.targets));
  return timed(() => fitRidge(engine, features, targets));
}

/** Seconds to find the `k` nearest of `rows` gallery rows for every query. */
export async function topk(
  engine: Products,
  size: { readonly queries: number; readonly rows: number; readonly columns: number; readonly k: number },
): Promise<number> {
  const gallery = syntheticRows(size.rows, size.columns);
  return timed(() => topKCosine(engine, syntheticRows(size.queries, size.columns), gallery, size.k));
}

/** Seconds of all principal axes. */
export async function pca(
  engine: Products,
  size: { readonly rows: number; readonly columns: number },
): Promise<number> {
  return timed(() => fitPrincipalAxes(engine, syntheticRows(size.rows, size.columns)));
}

/**
 * Rows made anew on every pass from a linear congruential generator: any number of them, in the memory of one block.
 * The columns have different scales and share a common part.
 */
export function syntheticRows(rows: number, columns: number): RowBlocks {
  const blockRows = defaultBlockRows(columns);
  return {
    rows,
    columns,
    async *blocks() {
      const buffer = new Float32Array(Math.min(rows, blockRows) * columns);
      let state = 1;
      const next = (): number => {
        state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
        return state / 2 ** 31;
      };
      for (let start = 0; start < rows; start += blockRows) {
        const count = Math.min(blockRows, rows - start);
        for (let i = 0, at = 0; i < count; i++) {
          const common = next();
          for (let j = 0; j < columns; j++) buffer[at++] = (next() + 0.5 * common) * (1 + (j % 7));
        }
        yield matrix(buffer.subarray(0, count * columns), count, columns);
      }
    },
  };
}

/** Labels that the first columns decide, with the noise of the rest. */
async function syntheticLabels(rows: RowBlocks, classes: number): Promise<Int32Array> {
  const labels = new Int32Array(rows.rows);
  let row = 0;
  for await (const block of rows.blocks())
    for (let i = 0; i < block.rows; i++) {
      let best = -Infinity;
      for (let c = 0; c < classes; c++) {
        const value = (block.data[i * block.columns + c] ?? 0) / (1 + (c % 7));
        if (value > best) {
          best = value;
          labels[row] = c;
        }
      }
      row++;
    }
  return labels;
}

function firstColumns(block: Matrix, count: number): Matrix {
  const data = new Float32Array(block.rows * count);
  for (let i = 0; i < block.rows; i++)
    data.set(block.data.subarray(i * block.columns, i * block.columns + count), i * count);
  return matrix(data, block.rows, count);
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return (performance.now() - started) / 1000;
}

/** MB of memory that belongs to this process alone and to no file; 0 where the system does not say. */
function anonymousMegabytes(): number {
  try {
    return Number(/RssAnon:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}

/** Wall and processor seconds and the most anonymous memory seen, sampled while the work awaits products. */
async function observed(name: string, rows: number, work: () => Promise<unknown>): Promise<void> {
  let most = 0;
  const sample = setInterval(() => (most = Math.max(most, anonymousMegabytes())), 50);
  const cpu = process.cpuUsage();
  const seconds = await timed(work);
  const used = process.cpuUsage(cpu);
  clearInterval(sample);
  most = Math.max(most, anonymousMegabytes());
  const processor = ((used.user + used.system) / 1e6).toFixed(1);
  console.log(
    `${name}\t${rows} rows\t${seconds.toFixed(1)} s\t${processor} s of processor\t${most.toFixed(0)} MB anonymous`,
  );
}

async function growth(engine: Engine, rowCounts: readonly number[]): Promise<void> {
  const columns = 2048;
  for (const rows of rowCounts) {
    const features = syntheticRows(rows, columns);
    const data = { features, labels: await syntheticLabels(features, 10) };
    await observed('reading', rows, async () => {
      for await (const block of features.blocks()) void block;
    });
    await observed('probe', rows, () => probe(engine, { rows, columns, classes: 10 }, { data }));
    await observed('nearest', rows, () => topk(engine, { queries: 1000, rows, columns, k: 10 }));
    await observed('ridge', rows, () => ridge(engine, { rows, columns, targets: 512 }));
  }
}

async function main(command: string | undefined, rest: readonly string[]): Promise<void> {
  const [folder = '.', second] = rest;
  if (command === 'growth') {
    const engine = await createEngine('onnx', { threads: Number(rest[0] ?? 2) });
    return growth(engine, rest.slice(1).map(Number));
  }
  const engine = await createEngine('onnx', { threads: Number(second ?? 2) });
  const featureFile = path.join(folder, 'features.f32');
  const labelFile = path.join(folder, 'labels.i32');
  if (command === 'data') {
    const { features, labels } = await embeddingLike(engine, PROBE_SIZE);
    mkdirSync(folder, { recursive: true });
    writeFileSync(featureFile, features.data);
    writeFileSync(labelFile, labels);
    return;
  }
  if (command !== 'probe') throw new Error('usage: linear-algebra.ts data | probe | growth');
  const bytes = readFileSync(featureFile);
  const values = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  const labels = new Int32Array(Uint8Array.from(readFileSync(labelFile)).buffer);
  const data = { features: matrix(values, PROBE_SIZE.rows, PROBE_SIZE.columns), labels };
  for (const tolerance of [1e-4, 1e-6])
    for (const l2 of [1e-3, 1e-4]) {
      const cpu = process.cpuUsage();
      const { seconds, loss, iterations } = await probe(engine, PROBE_SIZE, { data, tolerance, l2 });
      const used = process.cpuUsage(cpu);
      console.log(
        JSON.stringify({
          l2,
          tolerance,
          seconds,
          processor: (used.user + used.system) / 1e6,
          loss,
          iterations,
        }),
      );
    }
}

if (import.meta.main) await main(process.argv[2], process.argv.slice(3));
