/**
 * `node build/bootstrap.mjs build/measure-watermark.ts IMAGES [--seeds 3] [--watermark rotation] [--keep FOLDER] [-- FLAGS of moat train]`:
 * what the rotation watermark costs the encoder, and how it is read. Trains each seed with and without it, from the same first weights
 * on the same views, and prints the kNN accuracy on held-out images of both with the mean difference's 95 % interval over the
 * seeds (Student's t), the success rate from each marked encoder, and that of every key from every encoder without a mark.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import tQuantile from '@stdlib/stats-base-dists-t-quantile';
import { z } from 'zod';
import { openEncoder } from '../audits/encoder/encoder.ts';
import { createRng } from '../audits/rng.ts';
import { chooseOwnershipImages } from '../audits/run/observe-encoder.ts';
import { readMark } from '../audits/run/read-mark.ts';
import { deviation } from '../audits/score/intervals.ts';
import { createEngine } from '../audits/tensor/engine.ts';
import { readRotationKey } from '../audits/watermarks/rotation-key.ts';
import { meanRate } from '../audits/watermarks/success-rates.ts';

const reportSchema = z.object({
  images: z.number(),
  stepsDone: z.number(),
  elapsedMs: z.number(),
  untrained: z.object({ neighborAccuracy: z.number() }),
  trained: z.object({ neighborAccuracy: z.number() }),
  watermark: z
    .object({ successRate: z.object({ training: z.number(), heldOut: z.number().nullable() }) })
    .nullable(),
});
type Report = z.infer<typeof reportSchema>;

const own = process.argv.slice(2);
const border = own.indexOf('--');
const { values, positionals } = parseArgs({
  args: border < 0 ? own : own.slice(0, border),
  allowPositionals: true,
  options: {
    seeds: { type: 'string', default: '3' },
    watermark: { type: 'string', default: 'rotation' },
    keep: { type: 'string' },
  },
});
const [images] = positionals;
const seeds = Number(values.seeds);
if (images === undefined || !Number.isInteger(seeds) || seeds < 2)
  throw new Error(
    'usage: build/measure-watermark.ts IMAGES [--seeds 3] [--watermark rotation] [--keep FOLDER] [-- FLAGS of moat train]',
  );

const folder = values.keep ?? mkdtempSync(path.join(tmpdir(), 'moat-measure-watermark-'));
const fileOf = (seed: number, isMarked: boolean): string =>
  path.join(folder, `${isMarked ? 'marked' : 'plain'}-${seed}.onnx`);
try {
  const differences: number[] = [];
  for (let seed = 0; seed < seeds; seed++) {
    const [plain, marked] = [false, true].map((isMarked) => train(images, seed, isMarked));
    if (plain === undefined || marked === undefined) throw new Error('nothing was trained');
    const rate = marked.watermark?.successRate;
    differences.push(marked.trained.neighborAccuracy - plain.trained.neighborAccuracy);
    console.log(
      `seed ${seed}: kNN ${plain.untrained.neighborAccuracy.toFixed(3)} untrained, ${plain.trained.neighborAccuracy.toFixed(3)} plain, ${marked.trained.neighborAccuracy.toFixed(3)} marked; read at ${rate?.training.toFixed(3)}, held out ${rate?.heldOut?.toFixed(3)}; ${plain.images} images, ${plain.stepsDone} steps, ${Math.round(plain.elapsedMs / 1000)} s plain, ${Math.round(marked.elapsedMs / 1000)} s marked`,
    );
  }
  const mean = meanOf(differences);
  const half = (tQuantile(0.975, seeds - 1) * deviation(differences)) / Math.sqrt(seeds);
  const points = (share: number): string => (100 * share).toFixed(1);
  console.log(
    `the mark changes kNN by ${points(mean)} points [${points(mean - half)}, ${points(mean + half)}], ${seeds} seeds`,
  );
  const rates = await readStrangers(images);
  console.log(
    `keys on ${rates.length} pairs with encoders that carry no mark: mean ${meanOf(rates).toFixed(3)}, deviation ${deviation(rates).toFixed(3)}, ${Math.min(...rates).toFixed(3)} to ${Math.max(...rates).toFixed(3)}`,
  );
} finally {
  if (values.keep === undefined) rmSync(folder, { recursive: true, force: true });
}

function meanOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, value) => sum + value, 0) / numbers.length;
}

/** Trains, or reads the report of what was kept. */
function train(from: string, seed: number, isMarked: boolean): Report {
  const out = fileOf(seed, isMarked);
  const kept = `${out}.json`;
  if (existsSync(kept)) return reportSchema.parse(JSON.parse(readFileSync(kept, 'utf8')));
  const main = path.join(import.meta.dirname, '..', 'audits', 'cli', 'main.ts');
  const flags = [
    'train',
    from,
    '--seed',
    String(seed),
    '--out',
    out,
    '--json',
    ...(isMarked ? ['--watermark', values.watermark] : []),
    ...(border < 0 ? [] : own.slice(border + 1)),
  ];
  const run = spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', main, ...flags], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    maxBuffer: 2 ** 26,
  });
  if (run.status !== 0) throw new Error(`moat train ended with ${run.status ?? run.signal}`);
  writeFileSync(kept, run.stdout);
  return reportSchema.parse(JSON.parse(run.stdout));
}

/** The success rate of every key on every encoder without a mark. */
async function readStrangers(from: string): Promise<readonly number[]> {
  const engine = await createEngine('onnx', { threads: availableParallelism() });
  const signal = new AbortController().signal;
  const rates: number[] = [];
  try {
    for (let seed = 0; seed < seeds; seed++) {
      const encoder = await openEncoder(engine, fileOf(seed, false), {});
      const rng = createRng('strangers');
      const { compared } = await chooseOwnershipImages(
        { private: from },
        500,
        encoder.description.preprocessing,
        rng,
      );
      for (let other = 0; other < seeds; other++) {
        const { key } = readRotationKey(`${fileOf(other, true)}.mark`);
        const read = await readMark(encoder, `plain ${seed}`, key, compared, {
          rng: rng.derive('angles'),
          signal,
        });
        if (read.markRates !== undefined) rates.push(meanRate(read.markRates));
      }
      await encoder.dispose();
    }
  } finally {
    await engine.dispose();
  }
  return rates;
}
