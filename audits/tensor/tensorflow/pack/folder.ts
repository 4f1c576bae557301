import path from 'node:path';
import { dataFolder, thisProcess, type Surroundings } from '../../../data-folder.ts';

/** The environment variable that moves the folder of all engine packs. */
export const enginesVariable = 'MOAT_ENGINES';

/** Packs are large: they may lie elsewhere than what else is kept in the user's data folder. */
export function enginesFolder(surroundings: Surroundings = thisProcess()): string {
  const chosen = surroundings.environment[enginesVariable];
  if (chosen !== undefined && chosen !== '') return path.resolve(chosen);
  return path.join(dataFolder(surroundings), 'engines');
}

export function tensorflowFolder(engines: string = enginesFolder()): string {
  return path.join(engines, 'tensorflow');
}
