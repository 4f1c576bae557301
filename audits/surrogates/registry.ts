import { MoatError } from '../contract/errors.ts';
import type { Architecture } from './architecture.ts';
import { resnet18, resnet34 } from './resnet.ts';
import { smallCnn } from './small-cnn.ts';

/** Every network a surrogate can be. */
export const architectures: readonly Architecture[] = [smallCnn, resnet18, resnet34];

/** @throws MoatError `configuration-invalid` with the known ids. */
export function findArchitecture(id: string): Architecture {
  const architecture = architectures.find((candidate) => candidate.id === id);
  if (architecture === undefined)
    throw new MoatError(
      'configuration-invalid',
      `There is no surrogate architecture "${id}"; there are ${architectures.map((known) => known.id).join(', ')}.`,
    );
  return architecture;
}
