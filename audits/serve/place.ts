import path from 'node:path';
import { z } from 'zod';
import { builtinDemo } from '../encoder/demo-encoder.ts';

/** Longer than any path that an operating system takes. */
const MOST_CHARACTERS = 32_768;

/** A path of the engine's machine as a window may name it. A window has no folder that relative paths could be relative to. */
export const absoluteSchema = z
  .string()
  .min(1)
  .max(MOST_CHARACTERS)
  .refine((text) => !text.includes('\0'), 'must not contain a zero byte')
  .refine((text) => path.isAbsolute(text), 'must be an absolute path');

/** The same, or the built-in demo. */
export const placeSchema = z.union([z.literal(builtinDemo), absoluteSchema]);
