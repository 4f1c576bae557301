import { MoatError } from '../contract/errors.ts';
import { optimizerIds } from '../contract/method.ts';
import { adam } from './adam.ts';
import { adamw } from './adamw.ts';
import { lars } from './lars.ts';
import type { OptimizerDefinition } from './optimizer.ts';
import { sgdMomentum } from './sgd-momentum.ts';

/** Every rule a surrogate can be trained with. */
export const optimizers: readonly OptimizerDefinition[] = [adam, adamw, sgdMomentum, lars];

/** @throws MoatError `method-unknown` with the known ids. */
export function findOptimizer(id: string): OptimizerDefinition {
  const optimizer = optimizers.find((candidate) => candidate.id === id);
  if (optimizer === undefined)
    throw new MoatError(
      'method-unknown',
      `There is no optimizer "${id}"; there are ${optimizerIds.join(', ')}.`,
    );
  return optimizer;
}
