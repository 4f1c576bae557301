import { MoatError } from '../contract/errors.ts';
import { trainingMethodIds } from './choices.ts';
import { simclr } from './simclr.ts';
import { simsiam } from './simsiam.ts';
import { supervised } from './supervised.ts';
import type { TrainingMethod } from './training-method.ts';
import { vicreg } from './vicreg.ts';

/** Every way to train an encoder from nothing. */
export const trainingMethods: readonly TrainingMethod[] = [simclr, simsiam, vicreg, supervised];

/** @throws MoatError `method-unknown` with the known ids. */
export function findTrainingMethod(id: string): TrainingMethod {
  const method = trainingMethods.find((candidate) => candidate.id === id);
  if (method === undefined)
    throw new MoatError(
      'method-unknown',
      `There is no training method "${id}"; there are ${trainingMethodIds.join(', ')}.`,
    );
  return method;
}
