import { z } from 'zod';
import { median } from '../../audits/bench/statistics.ts';

/** What onnxruntime's profiler wrote, as shares of time: pure, so that a stored profile can be summed up again. */

const events = z.array(
  z.object({
    cat: z.string().optional(),
    name: z.string(),
    /** Microseconds. */
    ts: z.number().default(0),
    dur: z.number().default(0),
    args: z
      .object({
        op_name: z.string().optional(),
        node_index: z.string().optional(),
        provider: z.string().optional(),
        input_type_shape: z.array(z.record(z.string(), z.array(z.number()))).optional(),
        output_type_shape: z.array(z.record(z.string(), z.array(z.number()))).optional(),
      })
      .default({}),
  }),
);

export interface ProfileRow {
  readonly operator: string;
  /** Per step: of each node the median over the steps, since one step in a few is disturbed; summed over the nodes. */
  readonly milliseconds: number;
  /** Of all time inside nodes. */
  readonly share: number;
  /** Nodes per step. */
  readonly nodes: number;
}

export interface ProfileNode extends Omit<ProfileRow, 'nodes'> {
  readonly name: string;
  /** `float[32,64,32,32] float[64,64,3,3] -> float[32,64,32,32]` */
  readonly shapes: string;
}

export interface ProfileSummary {
  readonly steps: number;
  /** Median over the steps: nodes and what the runtime does between them. */
  readonly stepMilliseconds: number;
  /** Inside nodes: the sum of their medians. */
  readonly nodeMilliseconds: number;
  readonly operators: readonly ProfileRow[];
  readonly nodes: readonly ProfileNode[];
}

/**
 * @param text the JSON that the runtime wrote
 * @param steps how many of the last runs count; those before warmed up
 */
export function summarizeProfile(text: string, steps: number): ProfileSummary {
  const all = events.parse(JSON.parse(text));
  const runs = all.filter((event) => event.name === 'model_run').toSorted((a, b) => a.ts - b.ts);
  const counted = runs.slice(-steps);
  const first = counted[0];
  if (first === undefined || counted.length < steps)
    throw new RangeError(`the profile holds ${runs.length} runs, not ${steps}`);
  const kernels = all.filter(
    (event) => event.cat === 'Node' && event.name.endsWith('_kernel_time') && event.ts >= first.ts,
  );
  const nodes = [...Map.groupBy(kernels, ({ name, args }) => `${args.node_index ?? ''} ${name}`).values()]
    .map((group) => ({ event: group[0], milliseconds: milliseconds(group) }))
    .toSorted((a, b) => b.milliseconds - a.milliseconds);
  const total = sum(nodes.map((node) => node.milliseconds));
  const operators = [...Map.groupBy(nodes, ({ event }) => event?.args.op_name ?? 'unknown')];
  return {
    steps,
    stepMilliseconds: milliseconds(counted),
    nodeMilliseconds: total,
    operators: operators
      .map(([operator, group]) => {
        const time = sum(group.map((node) => node.milliseconds));
        return { operator, milliseconds: time, share: time / total, nodes: group.length };
      })
      .toSorted((a, b) => b.milliseconds - a.milliseconds),
    nodes: nodes.map(({ event, milliseconds: time }) => ({
      operator: event?.args.op_name ?? 'unknown',
      name: event?.name.replace(/_kernel_time$/, '') ?? '',
      milliseconds: time,
      share: time / total,
      shapes: `${shapes(event?.args.input_type_shape)} -> ${shapes(event?.args.output_type_shape)}`,
    })),
  };
}

function milliseconds(group: readonly { readonly dur: number }[]): number {
  return median(group.map(({ dur }) => dur)) / 1000;
}

function shapes(list: readonly Readonly<Record<string, readonly number[]>>[] = []): string {
  return list
    .flatMap((entry) => Object.entries(entry).map(([type, sizes]) => `${type}[${sizes.join()}]`))
    .join(' ');
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
