import { matrix, matrixRows, type Matrix } from '../contract/data.ts';
import type { Engine } from '../contract/engine.ts';
import type { WritableArray } from '../datasets/npy-encode.ts';
import { createRng } from '../rng.ts';
import { topKCosine } from '../tensor/linear-algebra/cosine-neighbors.ts';
import { fitLogisticRegression, type LogisticModel } from '../tensor/linear-algebra/logistic-regression.ts';
import { fitPrincipalAxes, projectOnAxes } from '../tensor/linear-algebra/principal-axes.ts';
import { fitRidge } from '../tensor/linear-algebra/ridge.ts';
import type { OpenWorkload, WorkloadOf } from './workload.ts';

type Plan = WorkloadOf<'linear-algebra'>;

/** Embedding-like data of one seed. */
interface Problem {
  /** `[rows, columns]` */
  readonly features: Matrix;
  /** `[rows]`, the class a row was drawn from. */
  readonly labels: Int32Array;
  /** `[rows, targets]`, a noisy linear map of the features. */
  readonly targets: Matrix;
}

interface Task {
  /** What the other side needs besides the features. */
  readonly arrays: (problem: Problem) => Readonly<Record<string, WritableArray>>;
  /** Solves the problem once and returns the numbers that are compared. */
  readonly solve: (engine: Engine, problem: Problem, plan: Plan) => Promise<readonly number[]>;
  /** What is timed, where it is less than what is compared. Default: `solve`. */
  readonly timed?: (engine: Engine, problem: Problem, plan: Plan) => Promise<() => Promise<unknown>>;
}

/** From loose to tight; build/bench/python/linear_algebra.py goes down a ladder of its own. */
const TOLERANCES = [1e-1, 3e-2, 1e-2, 3e-3, 1e-3, 3e-4, 1e-4] as const;
/** Relative excess over the converged loss that still counts as the same. */
const SAME_LOSS = 1e-4;

const asArray = ({ data, rows, columns }: Matrix): WritableArray => ({ shape: [rows, columns], data });

const tasks: Readonly<Record<Plan['task'], Task>> = {
  /** One fit of the linear probe, at one penalty. */
  probe: {
    arrays: ({ labels }) => ({ labels: { shape: [labels.length], data: labels } }),
    async solve(engine, { features, labels }, { classes, l2 }) {
      const { loss } = await fitLogisticRegression(engine, features, labels, classes, { l2 });
      return [loss];
    },
    /** Each side stops where its loss is the converged one but for `SAME_LOSS`. */
    async timed(engine, { features, labels }, { classes, l2 }) {
      const fit = (tolerance?: number): Promise<LogisticModel> =>
        fitLogisticRegression(engine, features, labels, classes, { l2, ...(tolerance && { tolerance }) });
      const wanted = (await fit()).loss * (1 + SAME_LOSS);
      for (const tolerance of TOLERANCES)
        if ((await fit(tolerance)).loss <= wanted) return () => fit(tolerance);
      return () => fit();
    },
  },
  ridge: {
    arrays: ({ targets }) => ({ targets: asArray(targets) }),
    async solve(engine, { features, targets }, { penalties }) {
      const { lambda, looError } = await fitRidge(engine, features, targets, { lambdas: penalties });
      return [lambda, looError];
    },
  },
  'top-k': {
    arrays: () => ({}),
    async solve(engine, { features }, { queries, k }) {
      const found = await topKCosine(engine, matrixRows(features, 0, queries), features, k);
      const last = found.similarities.filter((_, at) => at % found.k === found.k - 1);
      return [mean(found.similarities), mean(last)];
    },
  },
  pca: {
    arrays: () => ({}),
    async solve(engine, { features }) {
      const axes = await fitPrincipalAxes(engine, features);
      const projected = await projectOnAxes(engine, axes, features);
      return [columnVariance(projected, 0), columnVariance(projected, features.columns - 1)];
    },
  },
};

/** One of the tasks on drawn embeddings; a unit is one solution. */
export async function openLinearAlgebra(plan: Plan, engine: Engine): Promise<OpenWorkload> {
  const task = tasks[plan.task];
  const problem = drawProblem(plan);
  const solve = (): Promise<unknown> => task.solve(engine, problem, plan);
  const timed = (await task.timed?.(engine, problem, plan)) ?? solve;
  return {
    arrays: { features: asArray(problem.features), ...task.arrays(problem) },
    check: () => task.solve(engine, problem, plan),
    async run() {
      await timed();
      return 1;
    },
    dispose: async () => undefined,
  };
}

/** Distance between class means in units of the noise along a column: most rows can be told, not all. */
const CLASS_SPREAD = 0.08;
/** The last column has a tenth of the first one's deviation: embeddings are not round. */
const SMALLEST_DEVIATION = 0.1;
const TARGET_NOISE = 0.5;

function drawProblem({ rows, columns, classes, targets: width }: Plan): Problem {
  const rng = createRng('benchmark linear algebra');
  const means = normals(rng.derive('means'), classes * columns);
  const labels = new Int32Array(rows);
  const features = normals(rng.derive('features'), rows * columns);
  const labelStream = rng.derive('labels');
  for (let row = 0; row < rows; row++) {
    const label = labelStream.integer(classes);
    labels[row] = label;
    for (let column = 0, at = row * columns; column < columns; column++, at++) {
      const value = (features[at] ?? 0) + CLASS_SPREAD * (means[label * columns + column] ?? 0);
      features[at] = value * SMALLEST_DEVIATION ** (column / columns);
    }
  }
  // A target is a sum over a few columns: a full product would take longer than what is timed.
  const noise = normals(rng.derive('noise'), rows * width);
  const targets = noise.map((value, at) => {
    const row = Math.floor(at / width);
    const first = features[row * columns + (at % width)] ?? 0;
    const second = features[row * columns + ((7 * at + 3) % columns)] ?? 0;
    return TARGET_NOISE * value + first - second;
  });
  return {
    features: matrix(features, rows, columns),
    labels,
    targets: matrix(targets, rows, width),
  };
}

function normals(stream: { normal(): number }, count: number): Float32Array {
  return Float32Array.from({ length: count }, () => stream.normal());
}

function mean(values: Float32Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function columnVariance({ data, rows, columns }: Matrix, column: number): number {
  let sum = 0;
  let squares = 0;
  for (let row = 0; row < rows; row++) {
    const value = data[row * columns + column] ?? 0;
    sum += value;
    squares += value * value;
  }
  return squares / rows - (sum / rows) ** 2;
}
