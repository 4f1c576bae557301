import { z } from 'zod';
import { blockSchema } from './protocol.ts';
import { median, pairedRatio, type Spread } from './statistics.ts';
import { workloadSchema } from './workload.ts';

/** Measured blocks as they are stored, and the figures derived from them: stored results can be rendered again. */

const timedBlockSchema = blockSchema.extend({
  /** Processor time that the rest of the machine took meanwhile. */
  othersSeconds: z.number(),
});
export type TimedBlock = z.infer<typeof timedBlockSchema>;

const sideSchema = z.object({
  /** `onnx cpu`, `PyTorch` */
  name: z.string(),
  /** `cpu`, `cuda`, `webgpu` ... */
  device: z.string(),
  /** What the others are compared with. */
  isReference: z.boolean(),
  threads: z.number(),
  versions: z.record(z.string(), z.string()),
  /** See `OpenWorkload.check`; empty where the side failed. */
  check: z.array(z.number()),
  /** One per round. */
  blocks: z.array(timedBlockSchema),
  /** Why there are no blocks, or no more. */
  failure: z.string().nullable(),
});
export type SideResult = z.infer<typeof sideSchema>;

const benchmarkResultSchema = z.object({
  id: z.string(),
  title: z.string(),
  unit: z.enum(['step', 'image', 'solution']),
  workload: workloadSchema,
  sides: z.array(sideSchema),
});
export type BenchmarkResult = z.infer<typeof benchmarkResultSchema>;

export const benchReportSchema = z.object({
  schemaVersion: z.literal(1),
  startedAt: z.string(),
  machine: z.record(z.string(), z.union([z.string(), z.number()])),
  settings: z.object({ threads: z.number(), rounds: z.number(), seconds: z.number() }),
  /** What could not be measured, and why. */
  notes: z.array(z.string()),
  results: z.array(benchmarkResultSchema),
});
export type BenchReport = z.infer<typeof benchReportSchema>;

export interface SideFigures {
  readonly name: string;
  readonly isReference: boolean;
  readonly threads: number;
  /** Units per second, the median of the rounds; null where there are none. */
  readonly rate: number | null;
  /** Speed beside the reference on the same hardware, by rounds. */
  readonly ratio: Spread | null;
  /**
   * The same by processor time instead of the clock's: on a shared machine closer to the truth, but it counts threads
   * that spin, and nothing that an accelerator does.
   */
  readonly processorRatio: Spread | null;
  /** Largest relative difference of the compared numbers. */
  readonly difference: number | null;
  readonly peakMemoryBytes: number | null;
  /** Processors that the rest of the machine kept busy meanwhile, the median of the rounds. */
  readonly others: number | null;
  readonly failure: string | null;
}

const rateOf = ({ units, seconds }: TimedBlock): number => units / seconds;
const processorRateOf = ({ units, processorSeconds }: TimedBlock): number => units / processorSeconds;

/** Devices of a reference library that are the same hardware, best first. */
const sameHardware: Readonly<Record<string, readonly string[]>> = {
  cpu: ['cpu'],
  cuda: ['cuda'],
  directml: ['cuda'],
  webgpu: ['cuda', 'mps'],
  coreml: ['mps'],
};

function referenceFor(side: SideResult, sides: readonly SideResult[]): SideResult | undefined {
  if (side.isReference) return undefined;
  const references = sides.filter((other) => other.isReference);
  return (sameHardware[side.device] ?? [])
    .map((device) => references.find((reference) => reference.device === device))
    .find((reference) => reference !== undefined);
}

/** One entry per side, in the result's order. */
export function figures(result: BenchmarkResult): readonly SideFigures[] {
  return result.sides.map((side) => {
    const { blocks } = side;
    const reference = referenceFor(side, result.sides);
    const rounds = Math.min(blocks.length, reference?.blocks.length ?? 0);
    const ratioOf = (rate: (block: TimedBlock) => number): Spread | null =>
      rounds > 0 && reference !== undefined
        ? pairedRatio(blocks.slice(0, rounds).map(rate), reference.blocks.slice(0, rounds).map(rate))
        : null;
    const isMeasured = blocks.length > 0;
    // What is computed is the same on any hardware.
    const judge = reference ?? result.sides.find((other) => other.isReference && other.check.length > 0);
    return {
      name: side.name,
      isReference: side.isReference,
      threads: side.threads,
      rate: isMeasured ? median(blocks.map(rateOf)) : null,
      ratio: ratioOf(rateOf),
      processorRatio: ratioOf(processorRateOf),
      difference:
        isMeasured && judge !== undefined && !side.isReference
          ? largestDifference(side.check, judge.check)
          : null,
      peakMemoryBytes: blocks.at(-1)?.peakMemoryBytes ?? null,
      others: isMeasured ? median(blocks.map(({ othersSeconds, seconds }) => othersSeconds / seconds)) : null,
      failure: side.failure,
    };
  });
}

/** Relative to the larger one of each pair. NaN never counts as agreement. */
export function largestDifference(a: readonly number[], b: readonly number[]): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  const differences = a.map((value, at) => {
    const other = b[at] ?? Number.NaN;
    const size = Math.max(Math.abs(value), Math.abs(other), Number.MIN_VALUE);
    return Math.abs(value - other) / size;
  });
  return differences.every(Number.isFinite) ? Math.max(0, ...differences) : Number.POSITIVE_INFINITY;
}
