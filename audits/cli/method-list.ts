import { z } from 'zod';
import type { MethodMeta, Reference } from '../contract/method.ts';

/** A method as `attacks --json` and `defenses --json` print it. */
export interface MethodEntry {
  readonly id: string;
  readonly version: number;
  readonly title: string;
  readonly summary: string;
  readonly reference: Reference;
  /** JSON Schema of the settings, with defaults. */
  readonly config: z.core.JSONSchema.BaseSchema;
}

export function methodEntry(method: {
  readonly meta: MethodMeta;
  readonly config: z.ZodObject;
}): MethodEntry {
  const { id, version, title, summary, reference } = method.meta;
  // What a user may write, so a setting with a default is not required.
  const config = z.toJSONSchema(method.config, { io: 'input' });
  return { id, version, title, summary, reference, config };
}
