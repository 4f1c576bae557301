import { describe, expect, test } from 'vitest';
import { matrix, type Matrix } from '../contract/data.ts';
import { createRng, type Rng } from '../rng.ts';
import { plainMultiplier } from '../tensor/linear-algebra/plain-multiplier.sample.ts';
import { matrixBlocks } from '../tensor/linear-algebra/row-blocks.ts';
import { linearCka } from './cka.ts';
import { evaluateSurrogate, evaluateVictim, predictWithVictim, type TaskEmbeddings } from './evaluate.ts';
import { evaluateHonestUser } from './evaluate-honest.ts';
import { neighborCount, predictByNeighbors } from './knn.ts';
import { fitLinearProbe, type LabelledRows } from './linear-probe.ts';
import { matches } from './metric.ts';
import { recallAt10 } from './shared-neighbors.ts';
import { stratifiedDraw } from './split.ts';

const engine = plainMultiplier;

function gaussian(rng: Rng, rows: number, columns: number): Matrix {
  return matrix(
    Float32Array.from({ length: rows * columns }, () => rng.normal()),
    rows,
    columns,
  );
}

/** Classes as shifted Gaussian clouds; `separation` 0 makes labels random. */
function cloudTask(
  rng: Rng,
  { fit = 300, score = 200, columns = 8, classes = 4, separation = 2 } = {},
): TaskEmbeddings {
  const centers = gaussian(rng.derive('centers'), classes, columns);
  const draw = (rows: number, name: string) => {
    const labels = Int32Array.from({ length: rows }, (_, i) => i % classes);
    const embeddings = gaussian(rng.derive(name), rows, columns);
    embeddings.data.forEach((value, at) => {
      const label = labels[Math.floor(at / columns)] ?? 0;
      embeddings.data[at] = value + separation * (centers.data[label * columns + (at % columns)] ?? 0);
    });
    return { embeddings, labels };
  };
  return { name: 'clouds', classes, fit: draw(fit, 'fit'), score: draw(score, 'score') };
}

/** A random orthogonal matrix by Gram-Schmidt. */
function rotation(rng: Rng, size: number): Matrix {
  const rows: Float64Array[] = [];
  while (rows.length < size) {
    const row = Float64Array.from({ length: size }, () => rng.normal());
    for (const earlier of rows) {
      const along = row.reduce((sum, value, i) => sum + value * (earlier[i] ?? 0), 0);
      earlier.forEach((value, i) => (row[i] = (row[i] ?? 0) - along * value));
    }
    const length = Math.hypot(...row);
    rows.push(row.map((value) => value / length));
  }
  return matrix(Float32Array.from(rows.flatMap((row) => [...row])), size, size);
}

const repliesOf = ({ fit, score }: TaskEmbeddings) => ({ fit: fit.embeddings, score: score.embeddings });

const value = (measurements: readonly { metric: string; value: number }[], metric: string): number =>
  measurements.find((entry) => entry.metric === metric)?.value ?? Number.NaN;

describe('linear CKA', () => {
  test('by hand: centred columns (1, -1, 0) and (1, 0, -1) share a quarter', async () => {
    const a = matrix(Float32Array.of(1, -1, 0), 3, 1);
    const b = matrix(Float32Array.of(11, 10, 9), 3, 1);
    // (aᵀb)² / (aᵀa · bᵀb) = 1² / (2 · 2)
    expect(await linearCka({ engine }, a, b)).toBeCloseTo(0.25, 6);
  });

  test('is 1 for a rotated, scaled, shifted copy, and near 0 for unrelated embeddings', async () => {
    const rng = createRng('cka');
    const a = gaussian(rng, 400, 6);
    const turned = await engine.matmul(a, rotation(rng, 6));
    const copy = { ...turned, data: turned.data.map((entry) => 3 * entry - 2) };
    expect(await linearCka({ engine }, a, copy)).toBeCloseTo(1, 5);
    expect(await linearCka({ engine }, a, gaussian(rng, 400, 6))).toBeLessThan(0.05);
  });

  test('a constant encoder resembles nothing', async () => {
    const constant = matrix(new Float32Array(20).fill(3), 10, 2);
    expect(await linearCka({ engine }, constant, gaussian(createRng(1), 10, 2))).toBe(0);
  });
});

describe('weighted kNN', () => {
  test('two far votes lose against one near vote only when their weight is less', async () => {
    const labels = (...list: number[]) => Int32Array.from(list);
    const view = {
      task: 't',
      classes: 2,
      // 10 rows, so one neighbor: the nearest decides.
      fit: {
        embeddings: matrix(Float32Array.from([1, 0, ...Array(18).fill(-1)]), 10, 2),
        labels: labels(1, ...Array<number>(9).fill(0)),
      },
      score: { embeddings: matrix(Float32Array.of(5, 0.1), 1, 2), labels: labels(1) },
      probe: async () => Promise.reject(new Error('not needed')),
    };
    expect([...(await predictByNeighbors(view, { engine, rng: createRng(1) }))]).toEqual([1]);
  });

  test('asks a tenth of the rows, at most 200, at least one', () => {
    expect([5, 100, 1999, 2000, 50_000].map(neighborCount)).toEqual([1, 10, 199, 200, 200]);
  });
});

describe('recall@10', () => {
  test('counts the clean neighbors that are still there, per query', async () => {
    const angle = (degrees: number) => [
      Math.cos((degrees * Math.PI) / 180),
      Math.sin((degrees * Math.PI) / 180),
    ];
    const ring = (degrees: readonly number[]) =>
      matrix(Float32Array.from(degrees.flatMap(angle)), degrees.length, 2);
    const steps = Array.from({ length: 20 }, (_, i) => i * 5);
    const query = ring([0]);
    // Clean: the ten nearest to 0 degrees are rows 0-9. The defense swaps rows 0-2 with the far rows 17-19.
    const swapped = steps.map((step, i) =>
      i < 3 ? (steps[19 - i] ?? 0) : i > 16 ? (steps[19 - i] ?? 0) : step,
    );
    const items = await recallAt10(
      { engine },
      { queries: query, gallery: ring(steps) },
      { queries: query, gallery: ring(swapped) },
    );
    expect([...items]).toEqual([Math.fround(0.7)]);
  });
});

describe('linear probe', () => {
  test('separated clouds are read nearly perfectly, random labels at chance', async () => {
    const context = { engine, rng: createRng('probe') };
    const easy = cloudTask(createRng('easy'), { separation: 3 });
    const read = await fitLinearProbe(context, easy.fit, easy.score, easy.classes);
    expect(read.accuracy).toBeGreaterThan(0.97);
    expect(read.converged).toBe(true);
    const random = cloudTask(createRng('random'), { separation: 0, score: 400 });
    const guessed = await fitLinearProbe(context, random.fit, random.score, random.classes);
    expect(Math.abs(guessed.accuracy - 0.25)).toBeLessThan(0.08);
  });

  test('its accuracy is the mean of its items, and the same stream gives the same probe', async () => {
    const task = cloudTask(createRng('again'), { separation: 1 });
    const fit = () => fitLinearProbe({ engine, rng: createRng('same') }, task.fit, task.score, task.classes);
    const [first, second] = [await fit(), await fit()];
    expect(first).toEqual(second);
    expect(first.accuracy).toBeCloseTo(first.correct.reduce((sum, item) => sum + item, 0) / 200, 9);
    expect(first.correct).toEqual(matches(first.predictions, task.score.labels));
  });

  test('rows that come in blocks are read as the same rows in memory', async () => {
    const task = cloudTask(createRng('blocks'), { separation: 1 });
    const cut = ({ embeddings, labels }: typeof task.fit) => ({
      embeddings: matrixBlocks(embeddings, 37),
      labels,
    });
    const fit = (own: LabelledRows, score: LabelledRows) =>
      fitLinearProbe({ engine, rng: createRng('same') }, own, score, task.classes);
    const whole = await fit(task.fit, task.score);
    const blocks = await fit(cut(task.fit), cut(task.score));
    expect(blocks.l2).toBe(whole.l2);
    expect(blocks.predictions).toEqual(whole.predictions);
  });

  test('a class with a single row does not break the split', async () => {
    const task = cloudTask(createRng('single'), { fit: 40 });
    const labels = task.fit.labels.map((label, i) => (i === 0 ? 4 : label));
    const probe = await fitLinearProbe({ engine, rng: createRng(1) }, { ...task.fit, labels }, task.score, 5);
    expect(probe.accuracy).toBeGreaterThan(0.5);
  });
});

test('a stratified draw keeps class shares and gives every class a row', () => {
  const labels = Int32Array.from({ length: 100 }, (_, i) => (i < 79 ? 0 : i < 99 ? 1 : 2));
  const { drawn, rest } = stratifiedDraw(createRng('draw'), labels, 10);
  const counted = [0, 1, 2].map((label) => drawn.filter((row) => labels[row] === label).length);
  expect(counted).toEqual([8, 2, 1]);
  expect([...drawn, ...rest].toSorted((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, i) => i));
});

describe('evaluations', () => {
  const context = { engine, rng: createRng('evaluation') };

  test('a rotated copy of the victim is a perfect clone by every measure', async () => {
    const victim = cloudTask(createRng('victim'), { separation: 1 });
    const turn = rotation(createRng('turn'), 8);
    const clone: TaskEmbeddings = {
      ...victim,
      fit: { ...victim.fit, embeddings: await engine.matmul(victim.fit.embeddings, turn) },
      score: { ...victim.score, embeddings: await engine.matmul(victim.score.embeddings, turn) },
    };
    const stolen = await evaluateSurrogate(context, [clone], [victim]);
    const own = await evaluateVictim(context, [victim]);
    expect(stolen.map(({ metric }) => metric)).toEqual([
      'probe-accuracy',
      'knn-accuracy',
      'few-label-probe-accuracy',
      'cka',
      'neighbor-overlap-10',
      'neighbor-recall-10',
      'agreement',
      'aligned-r2',
      'procrustes-r2',
      'raw-cosine',
      'raw-l2',
    ]);
    expect(value(stolen, 'cka')).toBeCloseTo(1, 4);
    expect(value(stolen, 'neighbor-overlap-10')).toBeGreaterThan(0.99);
    expect(value(stolen, 'knn-accuracy')).toBeCloseTo(value(own, 'knn-accuracy'), 2);
    // Standardising columns is not blind to rotation, so the probes differ a little.
    expect(Math.abs(value(stolen, 'probe-accuracy') - value(own, 'probe-accuracy'))).toBeLessThan(0.03);
    expect(value(stolen, 'agreement')).toBeGreaterThan(0.93);
  });

  test('an unrelated encoder agrees with the victim no more than chance', async () => {
    const victim = cloudTask(createRng('victim'), { separation: 2 });
    const noise: TaskEmbeddings = {
      ...victim,
      fit: { ...victim.fit, embeddings: gaussian(createRng('n1'), 300, 5) },
      score: { ...victim.score, embeddings: gaussian(createRng('n2'), 200, 5) },
    };
    const stolen = await evaluateSurrogate(context, [noise], [victim]);
    expect(value(stolen, 'probe-accuracy')).toBeLessThan(0.36);
    expect(value(stolen, 'few-label-probe-accuracy')).toBeLessThan(0.36);
    expect(value(stolen, 'agreement')).toBeLessThan(0.36);
    expect(value(stolen, 'neighbor-overlap-10')).toBeLessThan(0.1);
    expect(value(stolen, 'cka')).toBeLessThan(0.1);
  });

  test('cached victim predictions give the same agreement as fitting them', async () => {
    const victim = cloudTask(createRng('cached'), { separation: 1 });
    const surrogate = { ...cloudTask(createRng('other'), { separation: 1 }), name: victim.name };
    const predictions = await predictWithVictim(context, victim);
    expect(await evaluateSurrogate(context, [surrogate], [{ ...victim, predictions }])).toEqual(
      await evaluateSurrogate(context, [surrogate], [victim]),
    );
  });

  test('items are the value: their mean is what is reported', async () => {
    const victim = cloudTask(createRng('items'), { separation: 1 });
    for (const { metric, value: reported, items, n } of await evaluateSurrogate(
      context,
      [victim],
      [victim],
    )) {
      expect(n).toBe(200);
      if (['cka', 'aligned-r2', 'procrustes-r2'].includes(metric)) continue;
      expect(items?.length).toBe(200);
      expect((items ?? new Float32Array(0)).reduce((sum, item) => sum + item, 0) / 200).toBeCloseTo(
        reported,
        6,
      );
    }
  });

  test('an identity defense costs honest users nothing; drowning noise costs them everything', async () => {
    const clean = cloudTask(createRng('honest'), { separation: 2 });
    const untouched = await evaluateHonestUser(context, clean, repliesOf(clean));
    expect(value(untouched, 'honest-recall-10')).toBe(1);
    expect(value(untouched, 'honest-probe-accuracy')).toBe(value(untouched, 'clean-probe-accuracy'));
    expect(value(untouched, 'honest-knn-accuracy')).toBe(value(untouched, 'clean-knn-accuracy'));
    const drowned: TaskEmbeddings = {
      ...clean,
      fit: { ...clean.fit, embeddings: gaussian(createRng('d1'), 300, 8) },
      score: { ...clean.score, embeddings: gaussian(createRng('d2'), 200, 8) },
    };
    const ruined = await evaluateHonestUser(context, clean, repliesOf(drowned));
    expect(value(ruined, 'honest-recall-10')).toBeLessThan(0.1);
    expect(value(ruined, 'honest-probe-accuracy')).toBeLessThan(0.36);
    expect(value(ruined, 'clean-probe-accuracy')).toBe(value(untouched, 'clean-probe-accuracy'));
  });

  test('tasks in another order are refused, and an aborted evaluation is cancelled', async () => {
    const a = cloudTask(createRng(1));
    const b = { ...a, name: 'other' };
    await expect(evaluateSurrogate(context, [a, b], [b, a])).rejects.toThrow(RangeError);
    await expect(evaluateVictim({ ...context, signal: AbortSignal.abort() }, [a])).rejects.toMatchObject({
      code: 'cancelled',
    });
  });
});
