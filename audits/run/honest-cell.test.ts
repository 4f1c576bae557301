import { describe, expect, test } from 'vitest';
import type { Measurement } from '../contract/cell.ts';
import { matrix, type Matrix } from '../contract/data.ts';
import { calibrateChain, parseChain } from '../defenses/chain.ts';
import type { TaskEmbeddings } from '../metrics/evaluate.ts';
import { evaluateHonestUser } from '../metrics/evaluate-honest.ts';
import { honestUsers } from '../metrics/honest-users.ts';
import { createRng, type Rng } from '../rng.ts';
import { plainMultiplier } from '../tensor/linear-algebra/plain-multiplier.sample.ts';
import { measureHonestUsers, type HonestTask } from './honest-cell.ts';

const CLASSES = 4;
const COLUMNS = 6;
const context = { engine: plainMultiplier, rng: createRng('metrics') };

/** Classes as Gaussian clouds around random centers. */
function clouds(rng: Rng, fit: number, score: number): TaskEmbeddings {
  const centers = Array.from({ length: CLASSES * COLUMNS }, () => 2 * rng.normal());
  const draw = (rows: number): { embeddings: Matrix; labels: Int32Array } => {
    const labels = Int32Array.from({ length: rows }, (_, i) => i % CLASSES);
    const data = Float32Array.from(
      { length: rows * COLUMNS },
      (_, at) =>
        (centers[(labels[Math.floor(at / COLUMNS)] ?? 0) * COLUMNS + (at % COLUMNS)] ?? 0) + rng.normal(),
    );
    return { embeddings: matrix(data, rows, COLUMNS), labels };
  };
  return { name: 'clouds', classes: CLASSES, fit: draw(fit), score: draw(score) };
}

const clean = clouds(createRng('clouds'), 320, 80);
const task: HonestTask = {
  clean,
  fitHashes: Array.from({ length: 320 }, (_, i) => `fit/${i}`),
  scoreHashes: Array.from({ length: 80 }, (_, i) => `score/${i}`),
};

async function through(spelled: string, of: HonestTask = task): Promise<(metric: string) => number> {
  const defense = parseChain(spelled);
  const key = createRng('key');
  const { measurements } = await measureHonestUsers(context, [of], {
    defense,
    calibration: calibrateChain(defense, clean.fit.embeddings, key),
    key,
    users: createRng('users'),
    clock: { now: () => 0, monotonicMs: () => 0 },
  });
  return (metric) => measurements.find((entry) => entry.metric === metric)?.value ?? Number.NaN;
}

describe('who the honest users are', () => {
  const labels = { fit: clean.fit.labels, score: clean.score.labels };
  const users = honestUsers(labels, CLASSES, { classes: createRng(1), rows: createRng(2) });

  test('the whole task, and each size it has rows for, broad and narrow', () => {
    expect(users.map(({ id, fit, score }) => [id, fit.length, score.length])).toEqual([
      ['', 320, 80],
      ['broad-100', 100, 80],
      ['narrow-100', 100, 40],
    ]);
  });

  test('a narrow user has images and queries of half of the classes, and the same ones in every seed', () => {
    const narrow = users.find(({ id }) => id === 'narrow-100');
    const classesOf = (rows: Int32Array, of: Int32Array) => new Set(Array.from(rows, (row) => of[row]));
    expect(narrow?.classes.length).toBe(2);
    expect(classesOf(narrow?.fit ?? new Int32Array(0), labels.fit)).toEqual(new Set(narrow?.classes));
    expect(classesOf(narrow?.score ?? new Int32Array(0), labels.score)).toEqual(new Set(narrow?.classes));
    const again = honestUsers(labels, CLASSES, { classes: createRng(1), rows: createRng(3) });
    const other = again.find(({ id }) => id === 'narrow-100');
    expect(other?.score).toEqual(narrow?.score);
    expect(other?.fit).not.toEqual(narrow?.fit);
  });
});

describe('what a defense costs them', () => {
  test('no defense costs nobody anything, and two sessions agree', async () => {
    const value = await through('none');
    for (const user of ['', '@broad-100', '@narrow-100']) {
      expect(value(`honest-probe-accuracy${user}`)).toBe(value(`clean-probe-accuracy${user}`));
      expect(value(`honest-recall-10${user}`)).toBe(1);
      expect(value(`honest-refused-share${user}`)).toBe(0);
    }
    expect(value('honest-drift-cosine')).toBeCloseTo(1, 6);
    expect(value('honest-drift-recall-10')).toBe(1);
    expect(value('honest-reply-bytes')).toBe(4 * COLUMNS);
  });

  test('noise keyed by account drifts between two sessions, fewer coordinates are fewer bytes', async () => {
    const value = await through('gaussian-noise:mode=keyed:sigma=0.5');
    expect(value('honest-drift-cosine')).toBeLessThan(0.98);
    expect(value('honest-drift-recall-10')).toBeLessThan(0.95);
  });

  const replies = (fitRows: number, scoreRows: number) => ({
    fit: matrix(clean.fit.embeddings.data.slice(0, fitRows * COLUMNS), fitRows, COLUMNS),
    score: matrix(clean.score.embeddings.data.slice(0, scoreRows * COLUMNS), scoreRows, COLUMNS),
  });
  const valuesOf = (measurements: readonly Measurement[]) =>
    Object.fromEntries(measurements.map(({ metric, value }) => [metric, value]));

  test('a user cut off after half of their queries loses at least half of the answers', async () => {
    const cut = valuesOf(await evaluateHonestUser(context, clean, replies(320, 40)));
    expect(cut['honest-refused-share']).toBe(0.1);
    expect(cut['honest-recall-10']).toBe(0.5);
    expect(cut['honest-probe-accuracy']).toBeLessThanOrEqual(0.5);
    expect(cut['honest-probe-accuracy']).toBeGreaterThan(0.4);
    expect(cut['clean-probe-accuracy']).toBeGreaterThan(0.8);
  });

  test('a user cut off while indexing finds only what was indexed, one never answered has lost everything', async () => {
    const indexing = valuesOf(await evaluateHonestUser(context, clean, replies(160, 80)));
    expect(Math.abs((indexing['honest-recall-10'] ?? 0) - 0.5)).toBeLessThan(0.15);
    const never = await evaluateHonestUser(context, clean, replies(0, 0));
    const lost = valuesOf(never);
    expect([lost['honest-probe-accuracy'], lost['honest-knn-accuracy'], lost['honest-recall-10']]).toEqual([
      0, 0, 0,
    ]);
    expect(lost['honest-refused-share']).toBe(1);
    // Paired with the clean items, query by query.
    expect(never.find(({ metric }) => metric === 'honest-probe-accuracy')?.items?.length).toBe(80);
  });
});

test('a defense that compares projections gets those of the honest users’ images', async () => {
  const spelled = 'near-duplicate-guard:on=projection:tau=0.5';
  const rng = createRng('projections');
  /** Distinct images lie across each other, so nothing is close; or all of them in one place. */
  const projected = (rows: number, isOnePlace: boolean): Matrix =>
    matrix(
      Float32Array.from({ length: rows * 64 }, () => (isOnePlace ? 1 : rng.normal())),
      rows,
      64,
    );
  const withProjections = (isOnePlace: boolean): HonestTask => ({
    ...task,
    fitProjections: projected(320, isOnePlace),
    scoreProjections: projected(80, isOnePlace),
  });
  const distinct = await through(spelled, withProjections(false));
  const crowded = await through(spelled, withProjections(true));
  expect(distinct('honest-probe-accuracy')).toBeGreaterThan(0.9 * distinct('clean-probe-accuracy'));
  // All but the first reply are noise: no better than guessing among four classes.
  expect(crowded('honest-probe-accuracy')).toBeLessThan(0.5);
});
