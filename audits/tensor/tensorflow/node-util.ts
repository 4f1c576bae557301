import { createRequire } from 'node:module';
import type util from 'node:util';

const require = createRequire(import.meta.url);

/**
 * Puts back the type helpers of `node:util` that Node 23 removed and @tensorflow/tfjs-node-gpu 4.22 still calls;
 * one it kept warns on the terminal when called, so it is replaced too. They go onto the module object that CommonJS code shares; ES imports of `node:util` do not see them.
 */
export function restoreUtilHelpers(): void {
  const shared = require('node:util') as Partial<Record<string, unknown>> & typeof util;
  for (const [name, helper] of Object.entries(removedHelpers)) shared[name] = helper;
}

const removedHelpers: Readonly<Record<string, (value: unknown) => boolean>> = {
  isNullOrUndefined: (value) => value === null || value === undefined,
  isArray: (value) => Array.isArray(value),
  isString: (value) => typeof value === 'string',
  isBoolean: (value) => typeof value === 'boolean',
  isNumber: (value) => typeof value === 'number',
};
