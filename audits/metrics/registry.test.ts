import { describe, expect, test } from 'vitest';
import { matrix, selectRows, type Matrix } from '../contract/data.ts';
import { createRng } from '../rng.ts';
import { plainMultiplier } from '../tensor/linear-algebra/plain-multiplier.sample.ts';
import { compareEncoders, measureInformationScale, type TaskEmbeddings } from './evaluate.ts';
import type { ComparedView, Metric, MetricReading } from './metric.ts';
import { itemwise } from './metric.ts';
import { encoderMetrics, fidelityMetrics, honestFidelityMetrics, honestUtilityMetrics } from './registry.ts';

/** What must hold of every metric, as complaints; a table of all of them, and planted faults which the checks must find. */

const context = { engine: plainMultiplier, rng: createRng('evaluation') };
const COLUMNS = 6;
const CLASSES = 3;

function gaussian(seed: string, rows: number): Matrix {
  const rng = createRng(seed);
  return matrix(
    Float32Array.from({ length: rows * COLUMNS }, () => rng.normal()),
    rows,
    COLUMNS,
  );
}

/** Three clouds of points four apart, which any probe tells from each other. */
function clouds(): TaskEmbeddings {
  const draw = (name: string, rows: number): TaskEmbeddings['fit'] => {
    const embeddings = gaussian(name, rows);
    const labels = Int32Array.from({ length: rows }, (_, row) => row % CLASSES);
    for (let row = 0; row < rows; row++) {
      const at = row * COLUMNS + (row % CLASSES);
      embeddings.data[at] = (embeddings.data[at] ?? 0) + 4;
    }
    return { embeddings, labels };
  };
  return { name: 'clouds', classes: CLASSES, fit: draw('fit', 150), score: draw('score', 120) };
}

/** The same vectors, each for another image: as long and as wide, and without a word about the images. */
function shuffled(task: TaskEmbeddings): TaskEmbeddings {
  const part = ({ embeddings, labels }: TaskEmbeddings['fit']): TaskEmbeddings['fit'] => ({
    embeddings: selectRows(embeddings, [...createRng('shuffle').permutation(embeddings.rows)]),
    labels,
  });
  return { ...task, fit: part(task.fit), score: part(task.score) };
}

/** The encoder beside the victim, all of it newly made: no measurement sees what another one left. */
async function viewOf(encoder: 'victim' | 'unrelated'): Promise<ComparedView> {
  const victim = clouds();
  const informationScale = await measureInformationScale(context, victim, gaussian('untrained', 120));
  const task = encoder === 'victim' ? clouds() : shuffled(clouds());
  return compareEncoders(context, task, { ...victim, informationScale });
}

type Measured = Pick<Metric<ComparedView>, 'measure'>;

/** @param perfect what the victim itself scores; null where a task decides */
async function complaintsAbout({ measure }: Measured, perfect: number | null): Promise<readonly string[]> {
  const view = await viewOf('victim');
  const own = await measure(view, context);
  const again = await measure(await viewOf('victim'), context);
  const other = await measure(await viewOf('unrelated'), context);
  if (own === undefined || again === undefined || other === undefined) return ['is not measured'];
  const untouched = await viewOf('victim');
  const arrays = ({ fit, score, reference }: ComparedView): readonly Float32Array[] => [
    fit.embeddings.data,
    score.embeddings.data,
    reference.fitEmbeddings.data,
    reference.scoreEmbeddings.data,
  ];
  return [
    ...(isSame(own, again) ? [] : ['measures the same encoder in two ways']),
    ...([own, other].every(isSound) ? [] : ['is not the mean of its items']),
    ...([own.value, other.value].every(Number.isFinite) ? [] : ['is not finite']),
    ...(perfect === null || Math.abs(own.value - perfect) < 1e-3 ? [] : [`gives the victim ${own.value}`]),
    ...(Math.abs(own.value - other.value) > 0.1 ? [] : ['cannot tell the victim from an unrelated encoder']),
    ...(arrays(view).every((data, i) => data.every((value, at) => value === arrays(untouched)[i]?.[at]))
      ? []
      : ['changes the embeddings it is shown']),
  ];
}

function isSame(a: MetricReading, b: MetricReading): boolean {
  const items = a.items ?? new Float32Array(0);
  return (
    Object.is(a.value, b.value) &&
    a.n === b.n &&
    items.every((item, at) => Object.is(item, b.items?.[at])) &&
    items.length === (b.items?.length ?? 0)
  );
}

function isSound({ value, n, items }: MetricReading): boolean {
  if (items === undefined) return n > 0;
  const mean = items.reduce((sum, item) => sum + item, 0) / items.length;
  return items.length === n && Math.abs(mean - value) < 1e-6;
}

/** One row per metric: what the victim itself scores. */
const table: readonly { readonly id: string; readonly perfect: number | null }[] = [
  { id: 'probe-accuracy', perfect: null },
  { id: 'knn-accuracy', perfect: null },
  { id: 'few-label-probe-accuracy', perfect: null },
  { id: 'cka', perfect: 1 },
  { id: 'neighbor-overlap-10', perfect: 1 },
  { id: 'neighbor-recall-10', perfect: 1 },
  { id: 'agreement', perfect: 1 },
  { id: 'aligned-r2', perfect: 1 },
  { id: 'procrustes-r2', perfect: 1 },
  { id: 'raw-cosine', perfect: 1 },
  { id: 'raw-l2', perfect: 0 },
  { id: 'mi-score', perfect: 1 },
  { id: 'honest-recall-10', perfect: 1 },
];

const metrics: readonly Metric<ComparedView>[] = [
  ...new Set([...encoderMetrics, ...fidelityMetrics, ...honestUtilityMetrics, ...honestFidelityMetrics]),
];

test('every metric has a row, and an id of its own', () => {
  expect(metrics.map(({ meta }) => meta.id).sort()).toEqual(table.map(({ id }) => id).sort());
});

test.each(metrics.map(({ meta }) => [meta.id, meta] as const))('%s is described', (id, meta) => {
  expect(id).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/);
  expect(meta.version).toBeGreaterThanOrEqual(1);
  for (const text of [meta.title, meta.summary, meta.reference.authors, meta.reference.venue])
    expect(text.length).toBeGreaterThan(2);
  expect(meta.reference.year).toBeGreaterThan(1900);
});

test.each(table)('$id repeats itself, is the mean of its items, and knows the victim', async (row) => {
  const metric = metrics.find(({ meta }) => meta.id === row.id);
  expect(metric === undefined ? ['is not there'] : await complaintsAbout(metric, row.perfect)).toEqual([]);
});

describe('the checks of the table', () => {
  const share = async ({ score, reference }: ComparedView): Promise<MetricReading> =>
    itemwise(score.embeddings.data.map((value, at) => Number(value === reference.scoreEmbeddings.data[at])));
  let calls = 0;

  test('have nothing to say about a sound metric', async () => {
    expect(await complaintsAbout({ measure: share }, 1)).toEqual([]);
  });

  test.each<readonly [fault: string, measure: Measured['measure'], complaint: string]>([
    [
      'remembers earlier calls',
      async () => itemwise(Float32Array.of(calls++)),
      'measures the same encoder in two ways',
    ],
    [
      'gives other items than its value',
      async (view) => ({ ...(await share(view)), value: 1 }),
      'is not the mean of its items',
    ],
    ['divides by nothing', async () => ({ value: 0 / 0, n: 1 }), 'is not finite'],
    [
      'has another scale than it says',
      async (view) => itemwise(Float32Array.of(2 * (await share(view)).value)),
      'gives the victim 2',
    ],
    [
      'does not look at the encoder',
      async () => itemwise(Float32Array.of(1)),
      'cannot tell the victim from an unrelated encoder',
    ],
    [
      'writes into what it is shown',
      async (view) => {
        const reading = await share(view);
        view.score.embeddings.data.fill(0);
        return reading;
      },
      'changes the embeddings it is shown',
    ],
  ])('catch one that %s', async (_fault, measure, complaint) => {
    expect(await complaintsAbout({ measure }, 1)).toContain(complaint);
  });
});
