import { z } from 'zod';
import { workloadSchema } from './workload.ts';

/** What passes between the bench and a side: one JSON value per line. */

/** Answers stand behind this: whatever else a library prints on stdout is not one. */
export const ANSWER_PREFIX = '@bench ';

const openMessage = z.object({
  do: z.literal('open'),
  workload: workloadSchema,
  /** An engine of ours, or `pytorch` and the like: the Python side reads only the device. */
  engine: z.string(),
  device: z.string(),
  threads: z.int().positive(),
  /** Where the first side writes its arrays and the others read them. */
  folder: z.string(),
  writeArrays: z.boolean(),
  /** The first side's check; empty for the first side itself. */
  reference: z.array(z.number()),
});

const blockMessage = z.object({ do: z.literal('block'), seconds: z.number().nonnegative() });

export const messageSchema = z.discriminatedUnion('do', [openMessage, blockMessage]);
export type Message = z.infer<typeof messageSchema>;

export const openedSchema = z.object({
  check: z.array(z.number()),
  versions: z.record(z.string(), z.string()),
});
export type Opened = z.infer<typeof openedSchema>;

/** One stretch of work. */
export const blockSchema = z.object({
  runs: z.int().positive(),
  units: z.number().positive(),
  seconds: z.number().positive(),
  /** User and system time of all its threads. */
  processorSeconds: z.number(),
  /** Of the process since its start; null where its system does not tell. */
  peakMemoryBytes: z.number().nullable(),
});
export type Block = z.infer<typeof blockSchema>;

export const failureSchema = z.object({ error: z.string() });
