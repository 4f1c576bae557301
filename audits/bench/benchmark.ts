import type { Workload, WorkloadOf } from './workload.ts';
import { stepDefaults, type BenchmarkNetwork } from './networks.ts';

/** One row of a table of speeds. */
export interface Benchmark {
  /** `training:resnet18:32`: parts with colons between, by any number of which from the left it can be chosen. */
  readonly id: string;
  readonly title: string;
  /** What there are so many of per second. */
  readonly unit: 'step' | 'image' | 'solution';
  readonly workload: Workload;
  /** One run on two cores, a guess: only for the time that is left. */
  readonly expectedSeconds: number;
  /** Where not as many as asked for. */
  readonly threads?: number;
}

/** Forward and backward of one CIFAR image on two cores, milliseconds. */
const MILLISECONDS_PER_IMAGE: Readonly<Record<string, number>> = {
  'small-cnn-16px': 0.5,
  'small-cnn': 1.5,
  'resnet-w32': 4,
  resnet18: 40,
  resnet34: 80,
};

export function trainingBenchmark(network: BenchmarkNetwork, batchSize: number): Benchmark {
  return {
    id: `training:${network.id}:${batchSize}`,
    title: `Training ${network.title}, batch ${batchSize}`,
    unit: 'step',
    workload: { kind: 'training', network: network.id, batchSize, ...stepDefaults },
    expectedSeconds: (batchSize * (MILLISECONDS_PER_IMAGE[network.id] ?? 10)) / 1000,
  };
}

export function inferenceBenchmark(name: string, file: string, batchSize: number): Benchmark {
  return {
    id: `inference:${name}:${batchSize}`,
    title: `Inference ${name}, batch ${batchSize}`,
    unit: 'image',
    workload: { kind: 'inference', file, batchSize },
    expectedSeconds: 0.5,
  };
}

type LinearAlgebra = WorkloadOf<'linear-algebra'>;

const taskTitles: Readonly<Record<LinearAlgebra['task'], (plan: LinearAlgebra) => string>> = {
  probe: ({ classes }) => `linear probe, ${classes} classes`,
  ridge: ({ targets, penalties }) => `ridge with ${penalties.length} penalties, ${targets} targets`,
  'top-k': ({ queries, k }) => `top ${k} of all rows for ${queries} queries`,
  pca: () => 'principal axes and projection',
};

const linearAlgebraDefaults = {
  classes: 10,
  l2: 1e-3,
  penalties: [1, 10, 100, 1000, 10_000],
  targets: 64,
  queries: 1000,
  k: 200,
} as const;

export function linearAlgebraBenchmark(
  task: LinearAlgebra['task'],
  rows: number,
  columns: number,
): Benchmark {
  const workload: LinearAlgebra = {
    kind: 'linear-algebra',
    task,
    rows,
    columns,
    ...linearAlgebraDefaults,
    penalties: [...linearAlgebraDefaults.penalties],
  };
  return {
    id: `linear-algebra:${task}`,
    title: `${rows} x ${columns}: ${taskTitles[task](workload)}`,
    unit: 'solution',
    workload,
    expectedSeconds: (rows * columns) / 1e7,
  };
}

/**
 * Benchmarks whose ids begin with one of the given parts: `training`, `training:resnet18`, `training:resnet18:32`.
 * @throws RangeError naming a choice that fits nothing
 */
export function chooseBenchmarks(
  all: readonly Benchmark[],
  choices: readonly string[],
): readonly Benchmark[] {
  const fits = (id: string, choice: string): boolean => id === choice || id.startsWith(`${choice}:`);
  for (const choice of choices)
    if (!all.some(({ id }) => fits(id, choice)))
      throw new RangeError(
        `There is no benchmark "${choice}"; there are ${all.map(({ id }) => id).join(', ')}.`,
      );
  return all.filter(({ id }) => choices.length === 0 || choices.some((choice) => fits(id, choice)));
}
