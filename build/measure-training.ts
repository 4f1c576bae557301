/**
 * `node build/bootstrap.mjs build/measure-training.ts IMAGES [--time 5m] [--seeds 3] [-- FLAGS of moat train]`: whether `moat train` beats
 * the network it began with. Trains once per seed, and prints the kNN accuracy on held-out images before and after with
 * the mean gain's 95 % interval over the seeds (Student's t). Ends with 1 unless the mean gain is 5 points and the interval's
 * lower bound above 0.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import tQuantile from '@stdlib/stats-base-dists-t-quantile';
import { z } from 'zod';
import { deviation } from '../audits/score/intervals.ts';

const LEAST_GAIN = 0.05;

const look = z.object({ neighborAccuracy: z.number(), spread: z.number() });
const reportSchema = z.object({
  untrained: look,
  trained: look,
  images: z.number(),
  stepsDone: z.number(),
  totalSteps: z.number(),
  stepsPerEpoch: z.number(),
  losses: z.array(z.number()),
  elapsedMs: z.number(),
});

const own = process.argv.slice(2);
const border = own.indexOf('--');
const { values, positionals } = parseArgs({
  args: border < 0 ? own : own.slice(0, border),
  allowPositionals: true,
  options: { time: { type: 'string', default: '5m' }, seeds: { type: 'string', default: '3' } },
});
const [images] = positionals;
const seeds = Number(values.seeds);
if (images === undefined || !Number.isInteger(seeds) || seeds < 2)
  throw new Error('usage: build/measure-training.ts IMAGES [--time 5m] [--seeds 3] [-- FLAGS of moat train]');

const folder = mkdtempSync(path.join(tmpdir(), 'moat-measure-training-'));
const gains: number[] = [];
try {
  for (let seed = 0; seed < seeds; seed++) {
    const { untrained, trained, ...rest } = train(images, seed);
    gains.push(trained.neighborAccuracy - untrained.neighborAccuracy);
    const epochs = (rest.stepsDone / rest.stepsPerEpoch).toFixed(1);
    console.log(
      `seed ${seed}: kNN ${untrained.neighborAccuracy.toFixed(3)} to ${trained.neighborAccuracy.toFixed(3)}, ${epochs} epochs of ${rest.images} images (${rest.stepsDone} of ${rest.totalSteps} steps) in ${Math.round(rest.elapsedMs / 1000)} s, loss ${rest.losses[0]?.toFixed(3)} to ${rest.losses.at(-1)?.toFixed(3)}, spread ${trained.spread.toFixed(2)}`,
    );
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
const mean = gains.reduce((sum, gain) => sum + gain, 0) / seeds;
const half = (tQuantile(0.975, seeds - 1) * deviation(gains)) / Math.sqrt(seeds);
const points = (share: number): string => (100 * share).toFixed(1);
console.log(`gain ${points(mean)} points [${points(mean - half)}, ${points(mean + half)}], ${seeds} seeds`);
process.exitCode = mean >= LEAST_GAIN && mean - half > 0 ? 0 : 1;

function train(from: string, seed: number): z.infer<typeof reportSchema> {
  const main = path.join(import.meta.dirname, '..', 'audits', 'cli', 'main.ts');
  const out = path.join(folder, `${seed}.onnx`);
  const flags = border < 0 ? [] : own.slice(border + 1);
  const run = spawnSync(
    process.execPath,
    [
      '--disable-warning=ExperimentalWarning',
      main,
      'train',
      from,
      '--time',
      values.time,
      '--seed',
      String(seed),
      '--out',
      out,
      '--json',
      ...flags,
    ],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], maxBuffer: 2 ** 26 },
  );
  if (run.status !== 0) throw new Error(`moat train ended with ${run.status ?? run.signal}`);
  return reportSchema.parse(JSON.parse(run.stdout));
}
