import { z } from 'zod';
import type { Engine } from '../contract/engine.ts';
import type { WritableArray } from '../datasets/npy-encode.ts';

/** What is timed, as data: it crosses process borders, in two languages. */

export const workloadSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('training'),
    /** Id of a benchmark network. */
    network: z.string(),
    batchSize: z.int().positive(),
    learningRate: z.number(),
    weightDecay: z.number(),
  }),
  z.strictObject({
    kind: z.literal('inference'),
    /** Path of an ONNX file. */
    file: z.string(),
    batchSize: z.int().positive(),
  }),
  z.strictObject({
    kind: z.literal('linear-algebra'),
    task: z.enum(['probe', 'ridge', 'top-k', 'pca']),
    rows: z.int().positive(),
    columns: z.int().positive(),
    classes: z.int().positive(),
    l2: z.number().positive(),
    penalties: z.array(z.number().positive()),
    targets: z.int().positive(),
    queries: z.int().positive(),
    k: z.int().positive(),
  }),
]);

export type Workload = z.infer<typeof workloadSchema>;
export type WorkloadOf<Kind extends Workload['kind']> = Extract<Workload, { kind: Kind }>;

/** A workload ready to be run on an engine. */
export interface OpenWorkload {
  /** What another implementation needs to compute the same: weights, batch, matrices. */
  readonly arrays: Readonly<Record<string, WritableArray>>;
  /**
   * Numbers by which two implementations prove to compute the same, such as the losses of the first steps.
   * Called once, before any run.
   */
  check(): Promise<readonly number[]>;
  /** Does the work once. @returns the units of work done: steps, images, fits */
  run(): Promise<number>;
  dispose(): Promise<void>;
}

/** One file per kind. */
export async function openWorkload(workload: Workload, engine: Engine): Promise<OpenWorkload> {
  switch (workload.kind) {
    case 'training':
      return (await import('./training.ts')).openTraining(workload, engine);
    case 'inference':
      return (await import('./inference.ts')).openInference(workload, engine);
    case 'linear-algebra':
      return (await import('./linear-algebra.ts')).openLinearAlgebra(workload, engine);
  }
}
