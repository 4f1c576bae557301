import path from 'node:path';
import process from 'node:process';
import { runProgram } from './run-program.ts';

/** Adds 1 and 2 with a binding, in a process of its own. */
export type AddElsewhere = (binding: string, signal: AbortSignal) => Promise<number>;

/** In a child of this Node. Electron's build puts electron/engine/pack-trial.ts in its place. */
export const addElsewhere: AddElsewhere = async (binding, signal) => {
  const child = path.join(import.meta.dirname, 'trial-child.ts');
  const quiet = ['--no-deprecation', '--disable-warning=ExperimentalWarning'];
  return Number(await runProgram(process.execPath, [...quiet, child, binding], { signal }));
};
